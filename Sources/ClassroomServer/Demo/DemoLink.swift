/// A link that `--demo` prints, one a role.
public struct DemoLink: Sendable, Hashable {
    public var role: String
    public var url: String

    /// Tokens stand behind `#`: browsers do not send that part to the server.
    static func all(base: String, access: DemoClassroom.Access) -> [DemoLink] {
        [
            DemoLink(role: "host", url: "\(base)/host#token=\(access.instructorToken)&session=\(DemoClassroom.liveSessionID)"),
            DemoLink(role: "player", url: "\(base)/?code=\(access.joinCode)"),
            DemoLink(role: "chat", url: "\(base)/chat#token=\(access.studentToken)&room=lobby"),
            DemoLink(role: "dashboard", url: "\(base)/dashboard#token=\(access.instructorToken)"),
        ]
    }
}
