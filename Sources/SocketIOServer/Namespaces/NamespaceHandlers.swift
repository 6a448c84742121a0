import NIOConcurrencyHelpers

/// The application's handlers of a namespace, until the server ends.
final class NamespaceHandlers: Sendable {
    struct Registered: Sendable {
        var middlewares: [Namespace.RegisteredMiddleware] = []
        var connection: [@Sendable (ServerSocket) -> Void] = []
        var catchAll: [@Sendable (EventRequest) -> Void] = []
        fileprivate var hasEnded = false
    }

    private let registered: NIOLockedValueBox<Registered>

    init() { registered = NIOLockedValueBox(Registered()) }
    private init(_ start: Registered) { registered = NIOLockedValueBox(start) }

    var all: Registered { registered.withLockedValue { $0 } }

    /// A copy of the handlers for another namespace.
    func copy() -> NamespaceHandlers { NamespaceHandlers(all) }

    func register(_ change: (inout Registered) -> Void) {
        registered.withLockedValue { if !$0.hasEnded { change(&$0) } }
    }

    func end() {
        let dropped = registered.withLockedValue { registered in
            let dropped = registered
            registered = Registered()
            registered.hasEnded = true
            return dropped
        }
        // Released outside the lock: their deinitialisation may call back.
        withExtendedLifetime(dropped) {}
    }
}
