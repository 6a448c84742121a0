import Classroom

/// The `permissions` column: `["quiz:create", …]`.
enum PermissionsText {
    static func text(_ permissions: Set<Permission>) -> String {
        JSONText.text(.array(permissions.map(\.rawValue).sorted().map(Payload.string)))
    }

    /// Nil, which stands for the role's permissions, when the text is no list of texts. An empty list is a user who may do nothing.
    static func permissions(_ text: String?) -> Set<Permission>? {
        guard let elements = JSONText.parse(text)?.elements else { return nil }
        let names = elements.compactMap(\.string)
        return names.count == elements.count ? Set(names.map(Permission.init)) : nil
    }
}
