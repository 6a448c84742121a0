public import SocketIOCore

/// Registration of handlers. After the end of the socket no handler is registered: nothing would release it, and it may refer to the
/// socket.
extension ServerSocket {
    // MARK: Events

    /// Handles an event on the loop. Use the asynchronous form for work that takes long or waits. A later handler of the same event
    /// replaces an earlier one.
    public func on(_ event: String, _ handler: @escaping (EventRequest) -> Void) { register(event, handler) }

    /// Handles an event that has to wait for something. Later events of this socket wait behind it, in order, unless it is concurrent.
    public func on(_ event: String, concurrently: Bool = false, perform: @escaping @Sendable (AsyncEventRequest) async -> Void) {
        register(event) { request in request.socket.run(request, concurrently: concurrently, perform) }
    }

    /// Handles the next event of that name and no further one.
    public func once(_ event: String, _ handler: @escaping (EventRequest) -> Void) { register(event, isOnce: true, handler) }

    /// Removes the handler of an event.
    public func off(_ event: String) {
        let removed = (handlers.removeValue(forKey: event), latest)
        latest = nil
        // Released when no property of the socket is being changed: its deinitialisation may call back.
        withExtendedLifetime(removed) {}
    }

    /// Handles the events that have no handler of their own. A later handler replaces an earlier one.
    public func onUnhandled(_ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        let replaced = rare?.unhandled
        rareListeners.unhandled = EventHandler(call: handler)
        withExtendedLifetime(replaced) {}
    }

    func register(_ event: String, isOnce: Bool = false, _ handler: @escaping (EventRequest) -> Void) {
        guard isConnected else { return }
        if handlers.isEmpty { handlers.reserveCapacity(members.usualHandlers) }
        let replaced = (handlers.updateValue(EventHandler(call: handler), forKey: event), latest)
        latest = nil
        if isOnce { rareListeners.onceNames.insert(event) } else { rare?.onceNames.remove(event) }
        longestHandlerName = max(longestHandlerName, event.utf8.count)
        withExtendedLifetime(replaced) {}
    }

    // MARK: All events

    /// Called for every event, before middleware and before the event's own handler, in the order of registration.
    ///
    /// - Returns: the id for ``offAny(_:)``.
    @discardableResult
    public func onAny(_ handler: @escaping (EventRequest) -> Void) -> ListenerID { addAny(handler, at: catchAll.endIndex) }

    /// The same, but called before those that are there.
    @discardableResult
    public func prependAny(_ handler: @escaping (EventRequest) -> Void) -> ListenerID { addAny(handler, at: catchAll.startIndex) }

    /// Removes a handler of all events, or without an id all of them.
    public func offAny(_ id: ListenerID? = nil) {
        let removed = catchAll
        catchAll.removeAll { id == nil || $0.id == id }
        withExtendedLifetime(removed) {}
    }

    private func addAny(_ handler: @escaping (EventRequest) -> Void, at index: Int) -> ListenerID {
        let id = ListenerID()
        guard isConnected else { return id }
        // The cached handler would bypass these.
        let replaced = latest
        latest = nil
        catchAll.insert((id, EventHandler(call: handler)), at: index)
        withExtendedLifetime(replaced) {}
        return id
    }

    /// Called for every event that is sent to this client, broadcasts among them, in a later step of the loop, in the order of sending.
    ///
    /// - Returns: the id for ``offAnyOutgoing(_:)``.
    @discardableResult
    public func onAnyOutgoing(_ handler: @escaping (Arguments) -> Void) -> ListenerID {
        addOutgoing(handler, first: false)
    }

    /// The same, but called before those that are there.
    @discardableResult
    public func prependAnyOutgoing(_ handler: @escaping (Arguments) -> Void) -> ListenerID {
        addOutgoing(handler, first: true)
    }

    /// Removes a handler of all outgoing events, or without an id all of them.
    public func offAnyOutgoing(_ id: ListenerID? = nil) {
        let removed = rare?.outgoing
        rare?.outgoing.removeAll { id == nil || $0.id == id }
        withExtendedLifetime(removed) {}
    }

    private func addOutgoing(_ handler: @escaping (Arguments) -> Void, first: Bool) -> ListenerID {
        let id = ListenerID()
        guard isConnected else { return id }
        let rare = rareListeners
        rare.outgoing.insert((id, handler), at: first ? 0 : rare.outgoing.endIndex)
        return id
    }

    // MARK: Middleware

    /// Calls a middleware for each event of this client, on the loop, before the event's handler. An error stops the event: the
    /// acknowledgement, if one was asked for, reports it as ``on(_:_:)-(Event<Payload,Answer>,_)`` does, and ``onError(_:)`` is called.
    public func use(_ middleware: @escaping (EventRequest) throws -> Void) { add(.immediate(middleware)) }

    /// Adds a middleware that may wait. Later events of this socket wait behind it, in order.
    public func use(perform middleware: @escaping @Sendable (AsyncEventRequest) async throws -> Void) { add(.asynchronous(middleware)) }

    private func add(_ middleware: PacketMiddleware) {
        guard isConnected else { return }
        let replaced = latest
        latest = nil
        rareListeners.middlewares.append(middleware)
        withExtendedLifetime(replaced) {}
    }

    /// Called with the error of a middleware and the event that it stopped. A later handler replaces an earlier one.
    public func onError(_ handler: @escaping (any Error, EventRequest) -> Void) {
        guard isConnected else { return }
        let replaced = rare?.error
        rareListeners.error = handler
        withExtendedLifetime(replaced) {}
    }

    // MARK: The end

    /// Called once, on the loop, before the socket leaves its rooms.
    public func onDisconnecting(_ handler: @escaping (DisconnectReason) -> Void) {
        if isConnected { rareListeners.disconnecting.append(handler) }
    }

    /// Called once, on the loop, after the socket has left its rooms.
    public func onDisconnect(_ handler: @escaping (DisconnectReason) -> Void) {
        guard isConnected else { return }
        disconnectHandlers.append(handler)
    }

    private var rareListeners: RareListeners {
        if let rare { return rare }
        let made = RareListeners()
        rare = made
        return made
    }
}

/// Identifies a handler of all events, so that it can be removed.
public struct ListenerID: Hashable, Sendable {
    private final class Identity: Sendable {}
    private let identity = Identity()

    public static func == (left: ListenerID, right: ListenerID) -> Bool { left.identity === right.identity }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(identity)) }
}

/// The steps of a client's event before its handler.
enum PacketMiddleware {
    case immediate((EventRequest) throws -> Void)
    case asynchronous(@Sendable (AsyncEventRequest) async throws -> Void)
}

/// Listeners that few sockets have: an idle socket costs one word for all of them.
final class RareListeners {
    /// The events whose handler is removed before it is called.
    var onceNames: Set<String> = []
    var middlewares: [PacketMiddleware] = []
    var outgoing: [(id: ListenerID, call: (Arguments) -> Void)] = []
    var disconnecting: [(DisconnectReason) -> Void] = []
    var error: ((any Error, EventRequest) -> Void)?
    var unhandled: EventHandler?
}
