import ArgumentParser
import Classroom
import ClassroomServer
import ClassroomStore

/// `dunlin token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Create and revoke sign-in tokens.",
        subcommands: [TokenCreateCommand.self, TokenRevokeCommand.self])
}

/// `dunlin token create`.
struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a token for a user and print it, this once.",
        discussion: """
            A user who does not exist yet is created; of one who does, the name and
            the role change if they are given. Only the token's hash is stored.

            Examples:
              dunlin token create --user ada --username "Ada L." --role instructor
              dunlin token create --user ben --expires 30d
            """)

    @Option(help: "The user's id.")
    var user: String?

    @Option(help: "The name that others see (default: the id).")
    var username: String?

    @Option(help: "student or instructor (default: student).")
    var role: String?

    @Option(help: ArgumentHelp("How long it lasts, such as 90m, 12h or 30d (default: for ever).", valueName: "duration"))
    var expires: String?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let environment = Environment()
        let request = try request(environment)
        let token = OpaqueToken.generate()
        try await database.withStore(environment) { store in try await request.perform(on: store, token: token, now: SystemClock().now) }
        Terminal.print(token)
    }

    /// The options, completed from the environment and checked.
    func request(_ environment: Environment) throws -> TokenRequest {
        guard let user = user ?? environment.string("user") else { throw ValidationError("Missing expected argument '--user <user>'") }
        try User.checkAccountID(user)
        let username = username ?? environment.string("username")
        if let username, username.isEmpty || username.utf8.count > TokenLimits.maximumUsernameBytes {
            throw ValidationError("a user name has 1 to \(TokenLimits.maximumUsernameBytes) bytes")
        }
        var request = TokenRequest(userID: user, username: username)
        if let name = role ?? environment.string("role") {
            guard let role = User.Role(rawValue: name), role != .guest else {
                throw ValidationError("not a role: '\(name)' (student, instructor)")
            }
            request.role = role
        }
        if let text = expires ?? environment.string("expires") {
            guard let lifetime = TokenLifetime(argument: text) else {
                throw ValidationError("not a duration: '\(text)' (a number and s, m, h, d or w, such as 30d)")
            }
            request.lifetime = lifetime
        }
        return request
    }
}

/// For whom a token is made.
struct TokenRequest: Equatable {
    var userID: String
    var username: String?
    var role: User.Role?
    var lifetime: TokenLifetime?

    func perform(on store: any ClassroomStore, token: String, now: UnixMilliseconds) async throws {
        if var user = try await store.user(id: userID) {
            if let username { user.username = username }
            if let role {
                user.role = role
                user.permissions = role.defaultPermissions
            }
            if username != nil || role != nil { try await store.save(user) }
        } else {
            try await store.save(User(id: userID, username: username ?? userID, role: role ?? .student))
        }
        try await store.createToken(
            hash: TokenHash.sha256Hex(token), userID: userID, expiresAt: lifetime.map { now + $0.milliseconds }, createdAt: now)
    }
}

/// How long a token lasts, as `--expires` says it: a number and s, m, h, d or w.
struct TokenLifetime: ExpressibleByArgument, Equatable {
    /// A hundred years: longer is a mistake.
    static let maximumMilliseconds: Int64 = 36_525 * 24 * 3_600_000

    let milliseconds: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        guard let unit = argument.last.flatMap({ units[$0] }), argument.dropLast().utf8.allSatisfy({ (48...57).contains($0) }),
            let count = Int64(argument.dropLast()), count > 0
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow, milliseconds <= Self.maximumMilliseconds else { return nil }
        self.milliseconds = milliseconds
    }
}

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

    /// The tokens to revoke.
    enum Subject: Equatable {
        case token(String)
        case user(String)
    }

    /// The subject that the command line names; without one, the environment's user.
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
        try await database.withStore(environment, mustExist: true) { store in
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

extension User {
    /// Refuses an id that no account may have.
    static func checkAccountID(_ id: String) throws(ValidationError) {
        guard !id.isEmpty, id.utf8.count <= TokenLimits.maximumUserIDBytes else {
            throw ValidationError("a user id has 1 to \(TokenLimits.maximumUserIDBytes) bytes")
        }
        guard !isReserved(id) else {
            throw ValidationError("no account may have the user id '\(id)': \(Quiz.sharedOwner) and \(guestPrefix)… are reserved")
        }
        guard isComposed(id) else {
            throw ValidationError("the user id '\(id)' has letters and accents apart; write it in Unicode's composed form (NFC)")
        }
    }
}
