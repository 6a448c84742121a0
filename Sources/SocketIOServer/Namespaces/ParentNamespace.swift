import NIOConcurrencyHelpers
public import SocketIOCore

/// Namespaces that are made when a client first joins them, if their name and that client's `auth` fit a rule.
///
///     let tenants = io.of { name, auth in name.hasPrefix("/tenant-") }
///     tenants.use { request in … }
///     tenants.onConnection { socket in socket.namespace.emit("hello", socket.namespace.name) }
///
/// A namespace gets the handlers and middleware that are registered here when it is made. May be used from any thread.
public final class ParentNamespace: Sendable {
    /// Called for the name of a missing namespace, on the loop of the client that joins, so it must not wait. `auth` is the client's.
    public typealias Rule = @Sendable (_ name: String, _ auth: JSONSlice?) -> Bool

    let matches: Rule
    let handlers = NamespaceHandlers()
    private let made = NIOLockedValueBox<[NamespaceIndex: Namespace]>([:])

    init(matches: @escaping Rule) { self.matches = matches }

    /// The existing namespaces of this parent, in no particular order.
    public var children: [Namespace] { made.withLockedValue { Array($0.values) } }

    /// Called for each new socket of the namespaces, on its loop.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) { handlers.register { $0.connection.append(handler) } }

    /// Called for each event of each socket, on its loop, before the handlers of the socket's own.
    public func onAny(_ handler: @escaping @Sendable (EventRequest) -> Void) { handlers.register { $0.catchAll.append(handler) } }

    /// Adds a middleware that may wait. It runs in a task.
    public func use(_ middleware: @escaping Namespace.Middleware) {
        handlers.register { $0.middlewares.append(.asynchronous(middleware)) }
    }

    /// Adds a middleware that does not wait. It runs on the client's loop.
    public func use(_ middleware: @escaping @Sendable (inout ConnectRequest) throws -> Void) {
        handlers.register { $0.middlewares.append(.immediate(middleware)) }
    }

    /// Sends to everybody in all of the namespaces.
    public func emit(_ event: String, _ arguments: any JSONWritable...) {
        let packet = EventPacket(event, arguments)
        for child in children { child.everybody.send(packet) }
    }

    func add(_ child: Namespace) { made.withLockedValue { $0[child.index] = child } }
    func remove(_ child: Namespace) { made.withLockedValue { $0[child.index] = nil } }

    func end() {
        handlers.end()
        made.withLockedValue { $0 = [:] }
    }
}

/// The namespaces of a server by name, and which of them clients are in. A value: its owner makes and ends namespaces.
struct NamespaceTable {
    /// Without "/".
    private(set) var byName: [String: Namespace] = [:]
    /// For namespaces that were made for clients: the number of their sockets, and of clients whose middleware is deciding.
    private var clients: [NamespaceIndex: Int] = [:]

    var all: [Namespace] { Array(byName.values) }
    /// Namespaces that were made for clients.
    var madeCount: Int { clients.count }

    /// Nil if no namespace has exactly that name. Strings are equal if they look the same, but clients address a namespace by its bytes.
    subscript(name: String) -> Namespace? {
        byName[name].flatMap { $0.name.utf8.elementsEqual(name.utf8) ? $0 : nil }
    }

    /// Whether a name, or one that looks the same, is taken.
    func isTaken(_ name: String) -> Bool { byName[name] != nil }

    mutating func add(_ namespace: Namespace) {
        byName[namespace.name] = namespace
        if namespace.parent != nil { clients[namespace.index] = 0 }
    }

    /// A client joins.
    mutating func enter(_ namespace: Namespace) {
        if namespace.parent != nil { clients[namespace.index, default: 0] += 1 }
    }

    /// A client has left, or was refused.
    ///
    /// - Returns: whether nobody is in the namespace.
    mutating func leave(_ namespace: Namespace) -> Bool {
        guard let count = clients[namespace.index] else { return false }
        clients[namespace.index] = count - 1
        return count == 1
    }

    mutating func remove(_ namespace: Namespace) {
        byName[namespace.name] = nil
        clients[namespace.index] = nil
    }

    /// A namespace that was made for clients and that has none now.
    var empty: Namespace? {
        guard let index = clients.first(where: { $0.value == 0 })?.key else { return nil }
        return byName.values.first { $0.index == index }
    }
}
