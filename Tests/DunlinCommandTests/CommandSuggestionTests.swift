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

    @Test(
        "help for a command that is not there says so",
        arguments: [
            ("help serv", "there is no command 'serv'; did you mean 'dunlin help serve'?"),
            ("help token creat", "there is no command 'creat'; did you mean 'dunlin help token create'?"),
            ("help serve now", "there is no command 'now'"), ("help nonsense --hidden", "there is no command 'nonsense'"),
            ("serv --help", "there is no command 'serv'; did you mean 'dunlin serve'?"), ("nonsense -h", "there is no command 'nonsense'"),
            ("token creat --help", "there is no command 'creat'; did you mean 'dunlin token create'?"),
        ])
    func unknownHelp(line: String, problem: String) {
        #expect(CommandSuggestion.problemOfHelp(for: line.split(separator: " ").map(String.init), root: Dunlin.self) == problem)
    }

    @Test(
        "help for a command that is there has no problem",
        arguments: [
            "help", "help serve", "help token create", "serve", "--help", "token --help", "import animals.txt --help", "serve -h",
            "nonsense",
        ])
    func knownHelp(line: String) {
        #expect(CommandSuggestion.problemOfHelp(for: line.split(separator: " ").map(String.init), root: Dunlin.self) == nil)
    }

    @Test("an option that every command has is suggested too", arguments: [("--verison", "--version"), ("serve --hepl", "--help")])
    func commonOption(line: String, option: String) {
        #expect(CommandSuggestion.sentence(forOption: line.split(separator: " ").map(String.init)) == "did you mean '\(option)'?")
        #expect(CommandSuggestion.sentence(forOption: ["serve", "--nonsense"]) == nil)
    }

    @Test("help offers nothing that this build lacks")
    func help() {
        for text in [ServeCommand.helpMessage(), BackupCommand.helpMessage(), ImportCommand.helpMessage(), Dunlin.helpMessage()] {
            #expect(!text.contains("not in this build"))
        }
        #expect(ServeCommand.helpMessage().contains("--public-url"))
    }
}
