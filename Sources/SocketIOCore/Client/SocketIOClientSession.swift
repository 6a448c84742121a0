public import NIOCore

/// The client's end of Socket.IO 5 over one connection, without its I/O: the namespaces it joins, acknowledgements in both directions,
/// attachments, and what connection state recovery needs.
///
/// It outlives the connection: ``connectionEnded()`` keeps what a later one resumes with. The owner performs what the inputs return, encodes
/// events with ``SocketIOEncoder``, and owns the clock: times are durations since any fixed origin of one monotonic clock.
public struct SocketIOClientSession: Sendable {
    /// Limits of this end, beside the limits of a packet.
    public struct Limits: Sendable, Hashable {
        /// Namespaces over one connection.
        public var maximumNamespaces: Int
        /// Pending acknowledgements per namespace.
        public var maximumPendingAcknowledgements: Int
        /// Events that arrive before the answer to a join, per namespace: under recovery a server sends those that were missed first.
        public var maximumEarlyEvents: Int
        public var packets: SocketIOLimits

        public init(
            maximumNamespaces: Int = 64, maximumPendingAcknowledgements: Int = 1_024, maximumEarlyEvents: Int = 10_000,
            packets: SocketIOLimits = SocketIOLimits()
        ) {
            self.maximumNamespaces = maximumNamespaces
            self.maximumPendingAcknowledgements = maximumPendingAcknowledgements
            self.maximumEarlyEvents = maximumEarlyEvents
            self.packets = packets
        }
    }

    public enum NamespaceState: UInt8, Sendable, Hashable {
        /// Not joined.
        case idle
        /// CONNECT was sent and has no answer yet.
        case joining
        case joined
    }

    /// The action that the owner must perform.
    public enum Reception: Sendable {
        /// Pass the event to the namespace's handlers. It may ask for an acknowledgement.
        case event(Arguments, namespace: String)
        /// The answer to one of our events.
        case acknowledgement(id: UInt64, Arguments, namespace: String)
        /// The namespace is joined. `recovered`: the rooms and the missed events of the last connection are back. Take the events that arrived
        /// before with ``SocketIOClientSession/takeEarlyEvent(in:)``.
        case joined(namespace: String, sid: String, recovered: Bool)
        /// The server refused the join.
        case refused(namespace: String, message: String, data: JSONSlice?)
        /// The server ended the namespace. The ids are the acknowledgements that will not come.
        case left(namespace: String, lost: [UInt64])
        /// Nothing to do yet: attachments, or the answer to the join, are still to come.
        case incomplete
        /// Ignore it: a late acknowledgement, an event of a namespace that was left, or an event without content.
        case ignored
    }

    private struct Namespace: Sendable {
        var state = NamespaceState.idle
        var sid = ""
        /// Under connection state recovery: the secret that resumes the session, and the last event that arrived.
        var pid: String?
        var offset: String?
        var pending = PendingIDs()
        /// Events before the answer to the join, in order; from the answer on the last one comes first, so that each is taken from the end.
        /// Nil instead of empty to save memory: without recovery there are none.
        var early: [ReceivedPacket]?

        mutating func note(_ event: ReceivedPacket) {
            if self.pid != nil { self.offset = event.lastStringArgument ?? self.offset }
        }

        /// Keeps an event until the answer to the join. Nil if it is to be ignored, false if too many are kept.
        mutating func keepEarly(_ event: ReceivedPacket, maximum: Int) -> Bool? {
            guard self.state == .joining, self.pid != nil else { return nil }
            guard (self.early?.count ?? 0) < maximum else { return false }
            // In place: a new list for each event would copy all earlier ones.
            if self.early == nil { self.early = [event] } else { self.early?.append(event) }
            return true
        }

        /// The first of the kept events, once the namespace is joined.
        mutating func takeEarly() -> ReceivedPacket? {
            guard self.state == .joined, let first = self.early?.popLast() else { return nil }
            if self.early?.isEmpty == true { self.early = nil }
            return first
        }
    }

    public let limits: Limits
    private var main = Namespace()
    /// Nil instead of empty to save memory: most clients join one namespace.
    private var others: [String: Namespace]?
    private var reassembler: BinaryReassembler

    public init(limits: Limits = Limits()) {
        self.limits = limits
        reassembler = BinaryReassembler(limits: limits.packets)
    }

    // MARK: State

    public func state(of namespace: String = "/") -> NamespaceState {
        // Without a copy of the namespace: asked for every event that is sent.
        namespace == "/" ? self.main.state : others?[namespace]?.state ?? .idle
    }

    /// The socket's id in a namespace, as the server calls it; nil while it is not joined.
    public func sid(of namespace: String = "/") -> String? { self[namespace].flatMap { $0.state == .joined ? $0.sid : nil } }

    private subscript(_ namespace: String) -> Namespace? {
        namespace == "/" ? self.main : others?[namespace]
    }

    /// Changes the state of an existing namespace.
    private mutating func change<Value>(_ namespace: String, _ body: (inout Namespace) -> Value) -> Value? {
        namespace == "/" ? body(&self.main) : others?.change(namespace, body)
    }

    // MARK: Joining and leaving

    /// Appends a CONNECT. Under recovery it carries what the last session left behind.
    ///
    /// - Parameter auth: an object, by the protocol.
    /// - Returns: whether it was written. False if the namespace is joined or being joined, or if there are too many.
    public mutating func join(_ namespace: String = "/", auth: JSONSlice? = nil, into buffer: inout ByteBuffer) -> Bool {
        if namespace != "/", others?[namespace] == nil {
            guard (others?.count ?? 0) + 1 < self.limits.maximumNamespaces else { return false }
            others = others ?? [:]
            others?[namespace] = Namespace()
        }
        guard let own = self[namespace], own.state == .idle else { return false }
        _ = change(namespace) { $0.state = .joining }
        guard let pid = own.pid else {
            SocketIOEncoder.connectRequest(namespace: namespace, auth: auth, into: &buffer)
            return true
        }
        SocketIOEncoder.connectRequest(namespace: namespace, into: &buffer)
        JSONWriter.append(to: &buffer) { writer in
            writer.object { writer in
                // As in the reference, the application's fields of the same names win.
                let members = auth?.members ?? []
                if !members.contains(where: { $0.key == "pid" }) { writer.field("pid", pid) }
                if let offset = own.offset, !members.contains(where: { $0.key == "offset" }) { writer.field("offset", offset) }
                for (key, value) in members { writer.field(key, value) }
            }
        }
        return true
    }

    /// Leaves a namespace and forgets how to resume it.
    ///
    /// - Returns: the ids of acknowledgements that will not come. Nil if it was not joined; nothing was written then.
    public mutating func leave(_ namespace: String = "/", into buffer: inout ByteBuffer) -> [UInt64]? {
        guard let own = self[namespace], own.state != .idle else { return nil }
        let lost = reset(namespace, forgets: true)
        SocketIOEncoder.disconnect(namespace: namespace, into: &buffer)
        return lost
    }

    /// The connection has ended: all namespaces become idle, and an incomplete packet is dropped.
    ///
    /// - Returns: the ids of acknowledgements that will not come, by namespace.
    public mutating func connectionEnded() -> [(namespace: String, lost: [UInt64])] {
        reassembler.reset()
        return (["/"] + (others.map { Array($0.keys) } ?? [])).map { ($0, reset($0, forgets: false)) }
    }

    private mutating func reset(_ namespace: String, forgets: Bool) -> [UInt64] {
        change(namespace) { own in
            own.state = .idle
            own.early = nil
            if forgets {
                own.pid = nil
                own.offset = nil
            }
            return own.pending.takeAll()
        } ?? []
    }

    // MARK: Acknowledgements

    /// The id for an event that asks for an acknowledgement.
    ///
    /// - Parameter deadline: the time from which ``takeOverdue(now:)`` returns the id.
    /// - Returns: nil if too many are pending, or if the namespace is not joined.
    public mutating func makeID(in namespace: String = "/", deadline: Duration? = nil) -> UInt64? {
        let maximum = self.limits.maximumPendingAcknowledgements
        return change(namespace) { own in
            own.state == .joined && own.pending.count < maximum ? own.pending.add(deadline: deadline) : nil
        } ?? nil
    }

    /// Stops waiting for an acknowledgement.
    public mutating func forget(_ id: UInt64, in namespace: String = "/") {
        _ = change(namespace) { $0.pending.take(id) }
    }

    /// When the first of the pending acknowledgements is due. Takes time in proportion to what is pending.
    public var nextDeadline: Duration? {
        let main = self.main.pending.nextDeadline
        guard let others else { return main }
        return ([main] + others.values.map(\.pending.nextDeadline)).compactMap(\.self).min()
    }

    /// Acknowledgements that did not come in time. One that comes later is ignored.
    public mutating func takeOverdue(now: Duration) -> [(namespace: String, id: UInt64)] {
        var overdue = self.main.pending.takeOverdue(now: now).map { (namespace: "/", id: $0) }
        for name in others.map({ Array($0.keys) }) ?? [] {
            overdue += (change(name) { $0.pending.takeOverdue(now: now) } ?? []).map { (namespace: name, id: $0) }
        }
        return overdue
    }

    // MARK: Receiving

    /// Takes a text packet, without the Engine.IO digit before it.
    public mutating func receive(_ text: ByteBuffer) throws(SocketIOProtocolError) -> Reception {
        try receive(ReceivedPacket(text: text), at: 0)
    }

    /// Takes a text packet that nobody else holds and that is not parsed yet: the hot path.
    ///
    /// - Parameter offset: where the packet begins in the text.
    package mutating func receive(_ message: ReceivedPacket, at offset: Int) throws(SocketIOProtocolError) -> Reception {
        guard !reassembler.isPending else { throw violation(.textDuringReassembly) }
        try message.parse(at: offset, limits: self.limits.packets, from: .server)
        guard message.attachmentCount == 0 else {
            _ = try reassembler.receive(SocketIOPacket(message))
            return .incomplete
        }
        return try handle(message)
    }

    /// Takes a binary message: an attachment.
    public mutating func receive(binary: ByteBuffer) throws(SocketIOProtocolError) -> Reception {
        guard case .complete(let packet, let attachments) = try reassembler.receive(binary: binary) else { return .incomplete }
        return try handle(packet.received.with(attachments: attachments))
    }

    private mutating func violation(_ kind: SocketIOProtocolError.Kind) -> SocketIOProtocolError {
        reassembler.reset()
        return SocketIOProtocolError(kind)
    }

    private mutating func handle(_ packet: ReceivedPacket) throws(SocketIOProtocolError) -> Reception {
        if packet.isInMainNamespace {
            switch packet.kind {
            case .event, .binaryEvent:
                guard self.main.state == .joined, packet.hasPayload else { return try keepEarly(packet, in: "/") }
                self.main.note(packet)
                return .event(Arguments(packet), namespace: "/")
            case .ack, .binaryAck:
                guard let id = packet.id, self.main.pending.take(id) else { return .ignored }
                return .acknowledgement(id: id, Arguments(packet), namespace: "/")
            default: break
            }
        }
        return try handleFurther(packet, in: packet.namespace)
    }

    private mutating func handleFurther(_ packet: ReceivedPacket, in namespace: String) throws(SocketIOProtocolError) -> Reception {
        switch packet.kind {
        case .connect: return try connected(packet, to: namespace)
        case .connectError:
            guard self.state(of: namespace) == .joining else { return .ignored }
            // The session to resume is lost, or the server would not have refused.
            _ = reset(namespace, forgets: true)
            let payload = JSONSlice(unchecked: packet.payload)
            return .refused(namespace: namespace, message: payload["message"]?.string ?? payload.string ?? "", data: payload["data"])
        case .disconnect:
            guard self.state(of: namespace) == .joined else { return .ignored }
            return .left(namespace: namespace, lost: reset(namespace, forgets: true))
        case .event, .binaryEvent:
            guard self.state(of: namespace) == .joined, packet.hasPayload else { return try keepEarly(packet, in: namespace) }
            _ = change(namespace) { $0.note(packet) }
            return .event(Arguments(packet), namespace: namespace)
        case .ack, .binaryAck:
            guard let id = packet.id, change(namespace, { $0.pending.take(id) }) == true else { return .ignored }
            return .acknowledgement(id: id, Arguments(packet), namespace: namespace)
        }
    }

    /// Keeps an event of a namespace that is being joined until the answer to the join.
    private mutating func keepEarly(_ event: ReceivedPacket, in namespace: String) throws(SocketIOProtocolError) -> Reception {
        let maximum = self.limits.maximumEarlyEvents
        guard event.hasPayload, let isKept = change(namespace, { $0.keepEarly(event, maximum: maximum) }) ?? nil else { return .ignored }
        guard isKept else { throw violation(.tooManyEarlyEvents) }
        return .incomplete
    }

    /// The next event that arrived before the answer to the join. Nil after the last one.
    public mutating func takeEarlyEvent(in namespace: String = "/") -> Arguments? {
        change(namespace) { own in
            guard let first = own.takeEarly() else { return nil }
            own.note(first)
            return Arguments(first)
        } ?? nil
    }

    /// `40{"sid":…,"pid":…}`.
    private mutating func connected(_ packet: ReceivedPacket, to namespace: String) throws(SocketIOProtocolError) -> Reception {
        guard self.state(of: namespace) == .joining else { return .ignored }
        let payload = packet.hasPayload ? JSONSlice(unchecked: packet.payload) : .null
        guard let sid = payload["sid"]?.string, !sid.isEmpty else { throw violation(.invalidPayload) }
        let pid = payload["pid"]?.string
        let recovered = change(namespace) { own in
            // By bytes: comparing strings normalises them, in quadratic time where one letter has many marks.
            let recovered = if let pid, let before = own.pid { before.utf8.elementsEqual(pid.utf8) } else { false }
            own.state = .joined
            own.sid = sid
            if !recovered { own.offset = nil }
            own.pid = pid
            own.early?.reverse()
            return recovered
        }
        return .joined(namespace: namespace, sid: sid, recovered: recovered ?? false)
    }
}

extension Dictionary {
    /// Changes a value in place. Returns nil if there is none for the key.
    fileprivate mutating func change<Result>(_ key: Key, _ body: (inout Value) -> Result) -> Result? {
        guard let index = self.index(forKey: key) else { return nil }
        return body(&values[index])
    }
}

extension ReceivedPacket {
    /// The last argument, if it is a string: under connection state recovery the event's offset.
    var lastStringArgument: String? {
        guard elements.count > self.kind.elementsBeforeArguments else { return nil }
        var scanner = JSONScanner(self.text, at: elements[elements.count &- 1])
        guard scanner.current == JSONByte.quote else { return nil }
        let start = scanner.position &+ 1
        let hasEscapes = scanner.skipString()
        return JSONString.decode(
            UnsafeRawBufferPointer(rebasing: self.text[start..<max(scanner.position &- 1, start)]), hasEscapes: hasEscapes)
    }
}
