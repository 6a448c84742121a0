import Classroom
import JSONCore

/// The `permissions` column: `["quiz:create", …]`.
enum PermissionsText {
    static func text(_ permissions: Set<Permission>) -> String { JSONText.text(permissions.map(\.rawValue).sorted()) }

    /// Nil if the text is no list of strings; the role's permissions hold then. An empty list is a user without permissions.
    static func permissions(_ text: String?) -> Set<Permission>? {
        guard let list = JSONText.parse(text), list.kind == .array else { return nil }
        let elements = list.elements
        let names = elements.compactMap(\.string)
        return names.count == elements.count ? Set(names.map(Permission.init)) : nil
    }
}
