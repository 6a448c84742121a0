/// An event's name together with what it carries: declared once, checked by the compiler on both ends.
///
///     static let join = Event<JoinRoom, Joined>("chat:join")     // payload, acknowledgement
///     static let message = Event<Message, Void>("chat:message")  // no acknowledgement
public struct Event<Payload, Acknowledgement>: Sendable {
    public let name: String

    public init(_ name: String) { self.name = name }
}

extension Event: CustomStringConvertible {
    public var description: String { name }
}
