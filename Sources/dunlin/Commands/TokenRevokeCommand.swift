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

    @Option(help: "The user whose tokens are revoked (default: DUNLIN_USER, if no token is given).")
    var user: String?

    @OptionGroup var database: DatabaseOptions

    /// What is revoked.
    enum Subject: Equatable {
        case token(String)
        case user(String)
    }

    /// What the command line names, and if it names nothing the environment's user.
    func subject(_ environment: Environment) throws -> Subject {
        switch (token, user) {
        case (let token?, nil): return .token(token)
        case (nil, let user?): return .user(user)
        case (nil, nil):
            if let user = environment.string("user") { return .user(user) }
            fallthrough
        default: throw ValidationError("give either a token or --user")
        }
    }

    func run() async throws {
        let environment = Environment()
        let subject = try subject(environment)
        try await database.withStore(environment) { store in
            switch subject {
            case .token(let token):
                guard try await store.revokeToken(hash: TokenHash.sha256Hex(token)) else { throw CommandFailure(.noUser, "no such token") }
                Terminal.print("revoked 1 token")
            case .user(let user):
                let count = try await store.revokeTokens(userID: user)
                guard count > 0 else { throw CommandFailure(.noUser, "the user '\(user)' has no tokens") }
                Terminal.print("revoked \(count) \(count == 1 ? "token" : "tokens")")
            }
        }
    }
}
