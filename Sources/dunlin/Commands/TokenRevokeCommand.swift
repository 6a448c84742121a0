import ArgumentParser
import ClassroomStore

/// `dunlin token revoke`.
struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a token, or all tokens of a user.",
        discussion: """
            Examples:
              dunlin token revoke dunlin_kK3v…
              dunlin token revoke --user ben
            """)

    @Argument(help: "The token.")
    var token: String?

    @Option(help: "The user whose tokens are revoked.")
    var user: String?

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        guard (token == nil) != (user == nil) else { throw ValidationError("give either a token or --user") }
    }

    func run() async throws {
        try await database.withStore(Environment()) { store in
            if let token {
                guard try await store.revokeToken(hash: TokenHash.sha256Hex(token)) else { throw CommandFailure(.noUser, "no such token") }
                Terminal.print("revoked 1 token")
            } else if let user {
                let count = try await store.revokeTokens(userID: user)
                guard count > 0 else { throw CommandFailure(.noUser, "the user '\(user)' has no tokens") }
                Terminal.print("revoked \(count) \(count == 1 ? "token" : "tokens")")
            }
        }
    }
}
