import ArgumentParser
import Classroom
import ClassroomStore
import Testing

@testable import dunlin

@Suite("dunlin token")
struct TokenCommandTests {
    private let store = MemoryStore()

    private func request(_ arguments: String..., environment: [String: String] = [:]) throws -> TokenRequest {
        try TokenCreateCommand.parse(arguments).request(Environment(environment))
    }

    @Test(
        "a lifetime is a number and a unit",
        arguments: [
            ("45s", 45_000), ("90m", 5_400_000), ("12h", 43_200_000), ("30d", 2_592_000_000), ("2w", 1_209_600_000),
            ("36525d", 3_155_760_000_000),
            ("36526d", nil), ("0d", nil), ("-1d", nil), ("+1d", nil), ("1.5h", nil), ("d", nil), ("10", nil), ("10 d", nil), ("1y", nil),
            ("", nil),
            ("99999999999999999999d", nil), ("9223372036854775807w", nil),
        ] as [(String, Int64?)])
    func lifetimes(text: String, milliseconds: Int64?) {
        #expect(TokenLifetime(argument: text)?.milliseconds == milliseconds)
    }

    @Test("options come from the command line or the environment")
    func options() throws {
        let expected = TokenRequest(userID: "ada", username: "Ada", role: .instructor, lifetime: TokenLifetime(argument: "1d"))
        #expect(try request("--user", "ada", "--username", "Ada", "--role", "instructor", "--expires", "1d") == expected)
        let environment = ["DUNLIN_USER": "ada", "DUNLIN_USERNAME": "Ada", "DUNLIN_ROLE": "instructor", "DUNLIN_EXPIRES": "1d"]
        #expect(try request(environment: environment) == expected)
    }

    @Test("a user is needed, and role and lifetime must be known ones")
    func wrong() {
        for arguments in [
            [], ["--user", ""], ["--user", "a", "--role", "guest"], ["--user", "a", "--role", "x"], ["--user", "a", "--expires", "1y"],
            ["--user", "system"], ["--user", "guest-1"], ["--user", "Rene\u{301}"],
        ] {
            #expect(throws: ValidationError.self) { try TokenCreateCommand.parse(arguments).request(Environment([:])) }
        }
    }

    @Test("a token for an unknown user creates the user")
    func newUser() async throws {
        try await request("--user", "ada", "--role", "instructor", "--expires", "1s").perform(on: store, token: "t", now: 5_000)
        let hash = TokenHash.sha256Hex("t")
        #expect(try await store.user(forTokenHash: hash, now: 5_999) == User(id: "ada", username: "ada", role: .instructor))
        #expect(try await store.user(forTokenHash: hash, now: 6_000) == nil)
    }

    @Test("a token for an existing user changes only the given fields")
    func existingUser() async throws {
        let ada = User(id: "ada", username: "Ada", email: "a@x", role: .instructor, permissions: [.createQuizzes])
        try await store.save(ada)
        try await request("--user", "ada").perform(on: store, token: "t", now: 0)
        #expect(try await store.user(id: "ada") == ada)
        try await request("--user", "ada", "--username", "Ada L.").perform(on: store, token: "u", now: 0)
        #expect(try await store.user(id: "ada")?.username == "Ada L.")
        #expect(try await store.user(id: "ada")?.permissions == [.createQuizzes])
    }

    @Test("revoking needs a token or a user, and not both; a user of the environment counts when nothing is given")
    func revoke() throws {
        func subject(_ arguments: String..., environment: [String: String] = [:]) throws -> TokenRevokeCommand.Subject {
            try TokenRevokeCommand.parse(arguments).subject(Environment(environment))
        }
        let ben = ["DUNLIN_USER": "ben"]
        #expect(throws: (any Error).self) { try subject() }
        #expect(throws: (any Error).self) { try subject("t", "--user", "u") }
        #expect(throws: (any Error).self) { try subject("t", "--user", "u", environment: ben) }
        #expect(try subject("t") == .token("t"))
        #expect(try subject("--user", "u") == .user("u"))
        #expect(try subject(environment: ben) == .user("ben"))
        #expect(try subject("t", environment: ben) == .token("t"))
        #expect(try subject("--user", "u", environment: ben) == .user("u"))
    }
}
