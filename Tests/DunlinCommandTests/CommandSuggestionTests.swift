import ArgumentParser
import Testing

@testable import dunlin

@Suite("dunlin: mistyped commands")
struct CommandSuggestionTests {
    private func suggestion(_ line: String) -> String? {
        CommandSuggestion.sentence(for: line.split(separator: " ").map(String.init), root: Dunlin.self)
    }

    @Test(
        "the command that was meant is named",
        arguments: [
            ("serv", "serve"), ("server", "serve"), ("srve", "serve"), ("SERVE", "serve"), ("esrve", "serve"), ("tokens", "token"),
            ("tok", "token"),
            ("imprt", "import"), ("backpu", "backup"), ("back", "backup"), ("token crate", "token create"),
            ("token remove", "token revoke"),
            ("token revok", "token revoke"), ("hlep", "help"),
        ])
    func named(line: String, command: String) {
        #expect(suggestion(line) == "did you mean 'dunlin \(command)'?")
    }

    @Test(
        "what is near no command, and what is one, gets no suggestion",
        arguments: ["", "nonsense", "x", "serve", "serve extra", "token create", "--versoin"])
    func none(line: String) {
        #expect(suggestion(line) == nil)
    }

    @Test("help offers nothing that this build lacks")
    func help() {
        for text in [ServeCommand.helpMessage(), BackupCommand.helpMessage(), ImportCommand.helpMessage(), Dunlin.helpMessage()] {
            #expect(!text.lowercased().contains("redis") && !text.lowercased().contains("postgres") && !text.contains("not in this build"))
        }
        #expect(ServeCommand.helpMessage().contains("--public-url"))
    }
}
