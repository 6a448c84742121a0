import NIOConcurrencyHelpers
public import SocketIOCore

/// Namespaces that are made when a client first joins them: all whose names, and whose first clients' `auth`, fit a rule.
///
///     let tenants = io.of { name, auth in name.hasPrefix("/tenant-") }
///     tenants.use { request in … }
///     tenants.onConnection { socket in socket.namespace.emit("hello", socket.namespace.name) }
///
/// What is registered here before a namespace is made is the namespace's own from then on. May be used from any thread.
public final class ParentNamespace: Sendable {
    /// Asked for a name that no namespace has, on the loop of the client that joins: it must not wait. `auth` is what the client gave.
    public typealias Rule = @Sendable (_ name: String, _ auth: JSONSlice?) -> Bool

    let matches: Rule
    let handlers = NamespaceHandlers()
    private let made = NIOLockedValueBox<[NamespaceIndex: Namespace]>([:])

    init(matches: @escaping Rule) { self.matches = matches }

    /// The namespaces that there are, in no particular order.
    public var children: [Namespace] { made.withLockedValue { Array($0.values) } }

    /// Called for each new socket of the namespaces, on its loop.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) { handlers.register { $0.connection.append(handler) } }

    /// Called for each event of each socket, on its loop, before the handlers of the socket's own.
    public func onAny(_ handler: @escaping @Sendable (EventRequest) -> Void) { handlers.register { $0.catchAll.append(handler) } }

    /// Asks a middleware that may wait, in a task.
    public func use(_ middleware: @escaping Namespace.Middleware) {
        handlers.register { $0.middlewares.append(.asynchronous(middleware)) }
    }

    /// Asks a middleware that waits for nothing, on the client's loop.
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

/// The namespaces of a server by name, and which of them clients are in. A value: whoever holds it makes and ends namespaces.
struct NamespaceTable {
    /// Without "/".
    private(set) var byName: [String: Namespace] = [:]
    /// How many sockets, and clients whose middleware is deciding, the namespaces have that were made for clients.
    private var clients: [NamespaceIndex: Int] = [:]

    var all: [Namespace] { Array(byName.values) }
    /// Namespaces that were made for clients.
    var madeCount: Int { clients.count }

    /// nil: there is none of exactly that name. Texts are equal that look alike; clients know a namespace by its bytes.
    subscript(name: String) -> Namespace? {
        byName[name].flatMap { $0.name.utf8.elementsEqual(name.utf8) ? $0 : nil }
    }

    /// Whether a name is taken, by itself or by one that looks alike.
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

    /// One that was made for clients and that nobody is in.
    var empty: Namespace? {
        guard let index = clients.first(where: { $0.value == 0 })?.key else { return nil }
        return byName.values.first { $0.index == index }
    }
}
