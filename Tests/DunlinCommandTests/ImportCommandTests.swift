import ArgumentParser
import Testing

@testable import dunlin

@Suite("dunlin import")
struct ImportCommandTests {
    private func owner(_ arguments: String..., environment: [String: String] = [:]) throws -> String {
        try ImportCommand.parse(["animals.txt"] + arguments).owner(Environment(environment))
    }

    @Test("the owner comes from the command line or the environment; otherwise the quiz is shared")
    func owners() throws {
        #expect(try owner() == "system")
        #expect(try owner("--owner", "ada") == "ada")
        #expect(try owner(environment: ["DUNLIN_OWNER": "ada"]) == "ada")
        #expect(try owner("--owner", "system") == "system")
        #expect(try owner("--owner", String(repeating: "a", count: 128)).utf8.count == 128)
    }

    @Test(
        "nobody becomes an account whose id no account may have",
        arguments: ["", String(repeating: "a", count: 129), "guest-1", "Rene\u{301}"])
    func refused(id: String) {
        #expect(throws: ValidationError.self) { try owner("--owner", id) }
    }
}
