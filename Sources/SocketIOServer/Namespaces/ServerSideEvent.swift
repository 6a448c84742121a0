import NIOConcurrencyHelpers
public import SocketIOCore

/// An event that another server sent.
public struct ServerSideEvent: Sendable {
    public let packet: EventPacket
    private let answer: (@Sendable ([any JSONWritable]) -> Void)?

    /// - Parameter acknowledge: sends the answer. Nil if none is wanted.
    init(_ packet: EventPacket, acknowledge: (@Sendable ([any JSONWritable]) -> Void)? = nil) {
        self.packet = packet
        answer = acknowledge
    }

    public var name: String { packet.name }
    public var arguments: [JSONSlice] { packet.arguments }
    public var wantsAnswer: Bool { answer != nil }

    /// Answers, if an answer is wanted. Only the first answer counts.
    public func acknowledge(_ arguments: any JSONWritable...) { answer?(arguments) }
}

/// The handlers of a namespace for events of other servers. The adapter refers to these and not to the namespace: a weak reference to the
/// namespace would make each of its retains slow.
final class ServerSideHandlers: Sendable {
    /// Nil after the namespace has ended.
    private let handlers = NIOLockedValueBox<[String: @Sendable (ServerSideEvent) -> Void]?>([:])
    /// Bytes of a name that is looked up. Hashing a text normalises it, in quadratic time where one letter has many marks.
    private static let maximumNameBytes = 1_024

    /// A later handler of the same event replaces an earlier one.
    func register(_ event: String, _ handler: @escaping @Sendable (ServerSideEvent) -> Void) {
        let replaced = handlers.withLockedValue { $0?.updateValue(handler, forKey: event) }
        // Released outside the lock: its deinitialisation may call back.
        withExtendedLifetime(replaced) {}
    }

    func receive(_ event: ServerSideEvent) {
        guard event.name.utf8.count <= ServerSideHandlers.maximumNameBytes else { return }
        let handler = handlers.withLockedValue { $0?[event.name] }
        handler?(event)
    }

    func end() {
        let dropped = handlers.withLockedValue { handlers in
            let dropped = handlers
            handlers = nil
            return dropped
        }
        withExtendedLifetime(dropped) {}
    }
}
