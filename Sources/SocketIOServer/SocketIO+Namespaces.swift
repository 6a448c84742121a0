public import SocketIOCore

extension SocketIO {
    // MARK: Namespaces

    /// The namespace of that name, with or without the leading slash. The first call makes it. Clients may join namespaces that were made
    /// this way, and those of a ``ParentNamespace``.
    public func of(_ name: String) -> Namespace {
        let name = name.hasPrefix("/") ? name : "/" + name
        if let known = namespace(named: name) { return known }
        let made = makeNamespace(name)
        let kept = keep(made)
        if kept !== made { made.end() }
        return kept ?? made
    }

    /// Namespaces that are made when a client first joins one whose name, and whose first client's `auth`, fits the rule. Rules are asked
    /// in the order of registration, and the first that accepts makes the namespace.
    public func of(where matches: @escaping ParentNamespace.Rule) -> ParentNamespace {
        let parent = ParentNamespace(matches: matches)
        if !keep(parent) { parent.end() }
        return parent
    }

    /// Namespaces whose whole name fits a regular expression: `io.of(matching: /\/room-\d+/)`.
    ///
    /// A client chooses the name, of up to `maximumNamespaceBytes` bytes, so avoid expressions that backtrack a lot.
    public func of<Output>(matching pattern: @escaping @autoclosure @Sendable () -> Regex<Output>) -> ParentNamespace {
        of(where: { name, _ in (try? pattern().wholeMatch(in: name)) != nil })
    }

    // MARK: The namespace "/"

    /// See ``Namespace/onConnection(_:)``.
    public func onConnection(_ handler: @escaping @Sendable (ServerSocket) -> Void) { main.onConnection(handler) }
    /// See ``Namespace/onAny(_:)``.
    public func onAny(_ handler: @escaping @Sendable (EventRequest) -> Void) { main.onAny(handler) }
    /// See ``Namespace/use(_:)``.
    public func use(_ middleware: @escaping Namespace.Middleware) { main.use(middleware) }
    public func use(_ middleware: @escaping @Sendable (inout ConnectRequest) throws -> Void) { main.use(middleware) }
    public func to(_ rooms: String...) -> BroadcastOperator { main.to(rooms) }
    public func to(_ rooms: [String]) -> BroadcastOperator { main.to(rooms) }
    public func `in`(_ rooms: String...) -> BroadcastOperator { main.to(rooms) }
    public func `in`(_ rooms: [String]) -> BroadcastOperator { main.to(rooms) }
    public func except(_ rooms: String...) -> BroadcastOperator { main.except(rooms) }
    public func except(_ rooms: [String]) -> BroadcastOperator { main.except(rooms) }
    public var local: BroadcastOperator { main.local }
    public var volatile: BroadcastOperator { main.volatile }
    public func compress(_ isCompressed: Bool) -> BroadcastOperator { main.compress(isCompressed) }
    public func timeout(_ timeout: Duration) -> BroadcastOperator { main.timeout(timeout) }
    /// Sends to everybody in the namespace "/".
    public func emit(_ event: String, _ arguments: any JSONWritable...) { main.everybody.send(EventPacket(event, arguments)) }
    /// See ``BroadcastOperator/emitWithAck(_:_:)``.
    public func emitWithAck(_ event: String, _ arguments: any JSONWritable...) async throws -> [BroadcastAnswer] {
        try await main.everybody.emitWithAck(EventPacket(event, arguments))
    }
    public func fetchSockets() async throws -> [RemoteSocket] { try await main.fetchSockets() }
    public func socketsJoin(_ rooms: String...) { main.everybody.socketsJoin(rooms) }
    public func socketsJoin(_ rooms: [String]) { main.everybody.socketsJoin(rooms) }
    public func socketsLeave(_ rooms: String...) { main.everybody.socketsLeave(rooms) }
    public func socketsLeave(_ rooms: [String]) { main.everybody.socketsLeave(rooms) }
    public func disconnectSockets(close: Bool = false) { main.disconnectSockets(close: close) }
    /// See ``Namespace/onServerSide(_:_:)``.
    public func onServerSide(_ event: String, _ handler: @escaping @Sendable (ServerSideEvent) -> Void) {
        main.onServerSide(event, handler)
    }
    /// See ``Namespace/serverSideEmit(_:_:)``.
    public func serverSideEmit(_ event: String, _ arguments: any JSONWritable...) {
        main.adapter.serverSideEmit(EventPacket(event, arguments))
    }
    /// See ``Namespace/serverSideEmitWithAck(_:_:timeout:)``.
    public func serverSideEmitWithAck(
        _ event: String, _ arguments: any JSONWritable..., timeout: Duration = .seconds(5)
    ) async throws -> [JSONSlice] {
        try await main.adapter.serverSideEmitWithAck(EventPacket(event, arguments), timeout: timeout)
    }
}
