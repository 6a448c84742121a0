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
    /// Those of them that nobody is in, so that one is found without a search when a client needs its place.
    private var empty: [NamespaceIndex: Namespace] = [:]

    var all: [Namespace] { Array(byName.values) }

    /// Nil if no namespace has exactly that name. Strings are equal if they look the same, but clients address a namespace by its bytes.
    subscript(name: String) -> Namespace? {
        byName[name].flatMap { $0.name.utf8.elementsEqual(name.utf8) ? $0 : nil }
    }

    /// Whether a name, or one that looks the same, is taken.
    func isTaken(_ name: String) -> Bool { byName[name] != nil }

    /// Whether so many namespaces were made for clients, and clients are in all of them.
    func isFull(at maximum: Int) -> Bool { clients.count >= maximum && empty.isEmpty }

    mutating func add(_ namespace: Namespace) {
        byName[namespace.name] = namespace
        if namespace.parent != nil { clients[namespace.index] = 0 }
    }

    /// A client joins.
    mutating func enter(_ namespace: Namespace) {
        guard namespace.parent != nil else { return }
        clients[namespace.index, default: 0] += 1
        empty[namespace.index] = nil
    }

    /// A client has left, or was refused.
    ///
    /// - Returns: whether nobody is in the namespace.
    mutating func leave(_ namespace: Namespace) -> Bool {
        guard let count = clients[namespace.index] else { return false }
        clients[namespace.index] = count - 1
        if count == 1 { empty[namespace.index] = namespace }
        return count == 1
    }

    mutating func remove(_ namespace: Namespace) {
        byName[namespace.name] = nil
        clients[namespace.index] = nil
        empty[namespace.index] = nil
    }

    /// Makes room for one more namespace: removes an empty one if there are as many as that.
    ///
    /// - Returns: the removed namespace, if one had to be.
    mutating func makeRoom(maximum: Int) -> Namespace? {
        guard clients.count >= maximum, let removed = empty.first?.value else { return nil }
        remove(removed)
        return removed
    }
}
