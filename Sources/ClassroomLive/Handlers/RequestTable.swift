import Classroom
import SocketIOCore

/// The events and their handlers. Made once and shared by all sockets: a connection needs no handlers of its own.
struct RequestTable: Sendable {
    typealias Perform = @Sendable (ClientRequest, ClientState) -> RequestOutcome

    struct Route: Sendable {
        let lane: RequestLane
        /// The fields of a payload that anybody reads.
        let fields: [String]
        /// The limit to charge, as soon as the sender is known.
        let limit: RequestLimits.Kind?
        /// Reads the sender's identity from the payload.
        let identity: @Sendable (JSONSlice) -> ClientRequest.Identity
        /// Carries the request out. After `.pending`, call the pipeline's `finish` on the loop.
        let perform: Perform
    }

    private(set) var routes: [String: Route] = [:]
    private var prefixes: Set<String> = []
    /// Bytes of the longest name. Hashing a text normalises it, in quadratic time where one letter has many marks: a longer one is not
    /// looked up.
    private var longestName = 0
    private(set) var departures: [@Sendable (ClientState, User) -> Void] = []

    mutating func on(
        _ event: String, lane: RequestLane = .exclusive, limit: RequestLimits.Kind? = .other,
        identity: @escaping @Sendable (JSONSlice) -> ClientRequest.Identity = { _ in .none }, _ perform: @escaping Perform
    ) {
        prefixes.insert(String(Self.prefix(of: event)))
        longestName = max(longestName, event.utf8.count)
        routes[event] = Route(
            lane: lane, fields: MessageRules.fieldNames(of: event) ?? [], limit: limit, identity: identity, perform: perform)
    }

    func route(_ event: String) -> Route? { event.utf8.count <= longestName ? routes[event] : nil }

    /// Whether an event is one of ours by its prefix: `quiz:` and the like.
    func owns(_ event: String) -> Bool {
        let prefix = Self.prefix(of: event)
        return prefix.utf8.count <= longestName && prefix.endIndex < event.endIndex && prefixes.contains(String(prefix))
    }

    private static func prefix(of event: String) -> Substring { Substring(event.utf8.prefix { $0 != UInt8(ascii: ":") }) }

    /// Called on the socket's loop before its user changes and after it has gone, to undo what the user had joined.
    mutating func onDeparture(_ body: @escaping @Sendable (ClientState, User) -> Void) { departures.append(body) }
}
