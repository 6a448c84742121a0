/// What a user may do. The raw values are those of the `permissions` column and of a token's `permissions` claim.
public struct Permission: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let createQuizzes = Permission(rawValue: "quiz:create")
    public static let manageQuizzes = Permission(rawValue: "quiz:manage")
    public static let participate = Permission(rawValue: "quiz:participate")
}
