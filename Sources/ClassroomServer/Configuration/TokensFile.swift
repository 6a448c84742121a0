public import Classroom
import ClassroomLive
public import ClassroomStore
import Foundation

/// The file of `--tokens`: a JSON object from opaque token to user.
///
/// A string names a user that the database has, looked up when the token is used; an object is a user who is created or updated at start;
/// what it leaves out stays as the database has it.
/// A token that was taken out of the file stays valid until it is revoked: the database does not know where a token came from.
public struct TokensFile: Sendable, Hashable {
    /// The most tokens in one file.
    public static let maximumTokens = 100_000

    public enum Holder: Sendable, Hashable {
        case existing(id: String)
        case declared(UserChange)

        var userID: String {
            switch self {
            case .existing(let id): id
            case .declared(let user): user.id
            }
        }
    }

    /// The holder of each token.
    public let holders: [String: Holder]

    /// Reads the file at `path`.
    public init(path: String) throws(StartupError) {
        try self.init(json: try ConfigurationFile.readText(path))
    }

    /// - Throws: a ``StartupError`` of kind `invalidFile`; it names what is wrong, never a token.
    public init(json: some Sequence<UInt8>) throws(StartupError) {
        let entries: [String: Entry]
        do {
            entries = try JSONDecoder().decode([String: Entry].self, from: Data(json))
        } catch {
            throw StartupError(.invalidFile, "not a tokens file: \(TokensFile.reason(error))")
        }
        guard entries.count <= Self.maximumTokens else {
            throw StartupError(.invalidFile, "not a tokens file: more than \(Self.maximumTokens) tokens")
        }
        holders = try TokensFile.checked(entries)
    }

    /// Stores the declared users and the hashes of all tokens, in one commit: the server does not listen before it.
    public func load(into store: any ClassroomStore, now: UnixMilliseconds) async throws {
        let users = holders.values.compactMap { if case .declared(let user) = $0 { user } else { nil } }
        let tokens = holders.map { TokenRecord(hash: TokenHash.sha256Hex($0.key), userID: $0.value.userID, createdAt: now) }
        try await store.load(users: users, tokens: tokens)
    }

    private static func checked(_ entries: [String: Entry]) throws(StartupError) -> [String: Holder] {
        var users: [String: UserChange] = [:]
        var holders: [String: Holder] = [:]
        for (token, entry) in entries {
            guard TokenLimits.accepts(token) else {
                throw StartupError(.invalidFile, "not a tokens file: a token has 1 to \(TokenLimits.maximumBytes) bytes")
            }
            let id = entry.userID
            guard !id.isEmpty, id.utf8.count <= TokenLimits.maximumUserIDBytes else {
                throw StartupError(.invalidFile, "not a tokens file: a user id has 1 to \(TokenLimits.maximumUserIDBytes) bytes")
            }
            guard !User.isReserved(id) else {
                throw StartupError(.invalidFile, "not a tokens file: no account may have the user id '\(id)': it is reserved")
            }
            guard User.isComposed(id) else {
                throw StartupError(
                    .invalidFile,
                    "not a tokens file: the user id '\(id)' has letters and accents apart; write it in Unicode's composed form (NFC)")
            }
            switch entry {
            case .id(let id): holders[token] = .existing(id: id)
            case .user(let declared):
                let user = try declared.user()
                if let other = users.updateValue(user, forKey: user.id), other != user {
                    throw StartupError(.invalidFile, "not a tokens file: the user '\(user.id)' is declared twice, differently")
                }
                holders[token] = .declared(user)
            }
        }
        return holders
    }

    /// The place and the problem. The place leaves out the first part of the path, which is the token itself.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is not JSON" }
        switch error {
        case .keyNotFound(let key, _): return "a user has no '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            guard context.codingPath.count > 1, let key = context.codingPath.last else {
                return context.codingPath.isEmpty
                    ? "it must be a JSON object from token to user" : "a token's value is a user id or a user"
            }
            return "'\(key.stringValue)' of a user has the wrong type"
        default: return "it is not JSON"
        }
    }

    private enum Entry: Decodable {
        case id(String)
        case user(Declared)

        var userID: String {
            switch self {
            case .id(let id): id
            case .user(let declared): declared.id
            }
        }

        init(from decoder: any Decoder) throws {
            if let id = try? decoder.singleValueContainer().decode(String.self) {
                self = .id(id)
            } else {
                self = .user(try Declared(from: decoder))
            }
        }
    }

    private struct Declared: Decodable {
        var id: String
        var username: String?
        var email: String?
        var role: String?
        var permissions: [String]?

        func user() throws(StartupError) -> UserChange {
            let known = role.flatMap(User.Role.init(rawValue:))
            guard role == nil || known != nil else {
                throw StartupError(.invalidFile, "not a tokens file: the user '\(id)' has an unknown role (student, instructor)")
            }
            let permissions = permissions.map { Set($0.map(Permission.init(rawValue:))) }
            return UserChange(id: id, username: username, email: email, role: known, permissions: permissions)
        }
    }
}
