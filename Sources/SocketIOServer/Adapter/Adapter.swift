public import NIOCore
public import SocketIOCore

/// Stands between a namespace, which says what is sent to whom, and the encoding for its clients. Each namespace has its own adapter.
///
/// ``InMemoryAdapter`` serves the sockets of one server. An adapter that joins several servers wraps one. It passes to it what concerns
/// this server's sockets, and tells the other servers. `AdapterContract` of `SocketIOTesting` holds every adapter to the same rules:
///
/// - Calls of one thread take effect in their order. All members of a room get its broadcasts in one order.
/// - Rooms of different namespaces have nothing in common, whatever their names.
/// - A socket that is in several of the addressed rooms is reached once.
///
/// Methods that take a ``ServerSocket`` are called on its event loop, and must not call the application. The others may be called from any
/// thread.
public protocol Adapter: Sendable {
    /// The adapter of this server's own sockets: this one, or the one that it wraps.
    var local: InMemoryAdapter { get }

    // MARK: This server's sockets

    /// The socket has joined the namespace: from now on its id addresses it.
    func add(_ socket: ServerSocket)
    /// The socket enters rooms. The limits of its configuration have been checked.
    func addAll(_ rooms: [String], to socket: ServerSocket)
    /// The socket leaves a room.
    func del(_ room: String, from socket: ServerSocket)
    /// The socket has ended: it leaves all rooms, and its id addresses nobody.
    func delAll(_ socket: ServerSocket)

    // MARK: Addressed sockets

    /// Sends an event to the sockets that the options name.
    func broadcast(_ packet: consuming EventPacket, to options: BroadcastOptions)
    /// Sends an event to the sockets that the options name, and reports their clients' answers until the time-out of the flags.
    ///
    /// - Parameters:
    ///   - clientCount: called once for each server, this one included, with the number of its sockets that get the event. Answers may come
    ///     before it.
    ///   - acknowledgement: called for each client that answers in time.
    func broadcastWithAck(
        _ packet: EventPacket, to options: BroadcastOptions, clientCount: @escaping @Sendable (Int) -> Void,
        acknowledgement: @escaping @Sendable (BroadcastAnswer) -> Void)
    /// Makes sockets enter rooms.
    func addSockets(_ options: BroadcastOptions, to rooms: [String])
    /// Makes sockets leave rooms.
    func delSockets(_ options: BroadcastOptions, from rooms: [String])
    /// Ends sockets.
    ///
    /// - Parameter close: also ends the connections below them.
    func disconnectSockets(_ options: BroadcastOptions, close: Bool)
    /// Describes the sockets that the options name, in no particular order.
    func fetchSockets(_ options: BroadcastOptions) async throws -> [SocketDescription]
    /// The ids of the sockets in rooms; of all sockets if no room is named.
    func sockets(in rooms: [String]) async throws -> Set<String>

    // MARK: Servers

    /// Sends an event to the other servers.
    func serverSideEmit(_ packet: EventPacket)
    /// Sends an event to the other servers and waits for their answers.
    ///
    /// - Returns: the arguments of each answer, as an array.
    /// - Throws: an error if a server has not answered in time.
    func serverSideEmitWithAck(_ packet: EventPacket, timeout: Duration) async throws -> [JSONSlice]
    /// How many servers there are, this one included.
    func serverCount() async throws -> Int

    // MARK: Recovery

    /// Keeps a socket's session after its client went away without closing it.
    func persistSession(_ session: PersistedSession)
    /// Returns a kept session, once, with the events that the client missed.
    ///
    /// - Parameter offset: the offset of the last event that the client saw, which is the argument behind the application's.
    /// - Returns: nil if no session is kept for this client, or not all events that it missed.
    func restoreSession(_ privateID: String, offset: String) async throws -> RestoredSession?

    /// The namespace ends.
    func close()
}

/// Makes the adapter of a namespace around the one that serves this server's own sockets.
public typealias AdapterFactory = @Sendable (InMemoryAdapter) -> any Adapter

/// Which sockets of a namespace are addressed, and how an event is sent to them.
public struct BroadcastOptions: Sendable, Hashable {
    /// Rooms, or ids of sockets. If empty, everybody in the namespace is addressed.
    public var rooms: [String]
    /// Rooms, or ids of sockets, whose members are left out.
    public var except: [String]
    public var flags: Flags

    public init(rooms: [String] = [], except: [String] = [], flags: Flags = Flags()) {
        self.rooms = rooms
        self.except = except
        self.flags = flags
    }

    public struct Flags: Sendable, Hashable {
        /// Only sockets of this server.
        public var isLocal: Bool
        /// The event is dropped for a client that has fallen behind.
        public var isVolatile: Bool
        /// Whether the event may be compressed. If nil, the server decides.
        public var compress: Bool?
        /// How long clients, or other servers, may take to answer. If nil, the server's default.
        public var timeout: Duration?

        public init(isLocal: Bool = false, isVolatile: Bool = false, compress: Bool? = nil, timeout: Duration? = nil) {
            self.isLocal = isLocal
            self.isVolatile = isVolatile
            self.compress = compress
            self.timeout = timeout
        }
    }
}

extension BroadcastOptions {
    /// The options without names that no room and no socket has. They are not looked up, since hashing a string normalises it, which takes
    /// quadratic time if one letter has many marks.
    ///
    /// - Parameter maximumBytes: of the longest name, in UTF-8.
    /// - Returns: nil if nobody is left.
    func withoutNames(longerThan maximumBytes: Int) -> BroadcastOptions? {
        func isShort(_ name: String) -> Bool { name.utf8.count <= maximumBytes }
        guard !rooms.allSatisfy(isShort) || !except.allSatisfy(isShort) else { return self }
        var options = self
        options.rooms.removeAll { !isShort($0) }
        options.except.removeAll { !isShort($0) }
        return options.rooms.isEmpty && !rooms.isEmpty ? nil : options
    }

    /// The approximate memory of the names, in bytes.
    var byteCount: Int {
        func cost(_ names: [String]) -> Int { names.reduce(0) { $0 + 64 + $1.utf8.count } }
        return cost(rooms) + cost(except)
    }
}

/// A client's answer to a broadcast: the first argument of its acknowledgement.
public struct BroadcastAnswer: Sendable, Hashable {
    /// Null if the acknowledgement was empty.
    public var value: JSONSlice
    /// Binary messages, each standing where the value has `{"_placeholder":true,"num":n}`.
    public var attachments: [ByteBuffer]

    public init(value: JSONSlice, attachments: [ByteBuffer] = []) {
        self.value = value
        self.attachments = attachments
    }

    /// Decodes the answer. A `ByteBuffer` within it is the attachment that stands there.
    ///
    /// - Throws: ``SocketIOError`` if the client answered with one; `DecodingError`.
    public func decode<Answer: Decodable>(_ type: Answer.Type = Answer.self) throws -> Answer {
        if let error = SocketIOError(value) { throw error }
        return try value.decode(attachments: attachments)
    }
}

/// A socket as an adapter describes it: of this server, or of another one.
public struct SocketDescription: Sendable {
    public var id: String
    public var handshake: Handshake
    /// The rooms it is in, its own id among them.
    public var rooms: Set<String>
    /// The socket's ``ServerSocket/data``. For another server's socket it is a `JSONSlice`.
    public var data: (any Sendable)?

    public init(id: String, handshake: Handshake, rooms: Set<String>, data: (any Sendable)? = nil) {
        self.id = id
        self.handshake = handshake
        self.rooms = rooms
        self.data = data
    }
}
