/// Somebody who signed in, or a guest who joined one session by its code.
public struct User: Hashable, Sendable {
    public enum Role: String, Sendable, Codable, CaseIterable {
        case student
        case instructor
        case guest

        /// The permissions of a user for whom none are stored.
        public var defaultPermissions: Set<Permission> {
            switch self {
            case .student, .guest: [.participate]
            case .instructor: [.createQuizzes, .manageQuizzes, .participate]
            }
        }
    }

    /// The prefix of guests' ids. No account may have one that begins like this: see ``isReserved(_:)``.
    public static let guestPrefix = "guest-"

    /// Whether it is a guest's id.
    public static func isGuest(_ userID: String) -> Bool { userID.utf8.starts(with: guestPrefix.utf8) }

    /// Whether no account may have this id: it would own the shared quizzes, or be taken for a guest, whose seat others may get.
    public static func isReserved(_ userID: String) -> Bool { isGuest(userID) || userID.hasSameBytes(as: Quiz.sharedOwner) }

    /// Whether an id is written as Unicode composes it (NFC). Two ids that differ in nothing but that are the same text to Swift, and not to a
    /// database: one person would own what is another's. So no account may have one that is written otherwise.
    public static func isComposed(_ userID: String) -> Bool { userID.isComposed }

    public var id: String
    public var username: String
    public var email: String?
    public var role: Role
    public var permissions: Set<Permission>

    public init(id: String, username: String, email: String? = nil, role: Role = .student, permissions: Set<Permission>? = nil) {
        self.id = id
        self.username = username
        self.email = email
        self.role = role
        self.permissions = permissions ?? role.defaultPermissions
    }
}

/// Something that a user may do. The raw values are those of the `permissions` column and of a token's `permissions` claim.
public struct Permission: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let createQuizzes = Permission(rawValue: "quiz:create")
    public static let manageQuizzes = Permission(rawValue: "quiz:manage")
    public static let participate = Permission(rawValue: "quiz:participate")
}
