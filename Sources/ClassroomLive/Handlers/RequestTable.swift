import Classroom
import SocketIOCore

/// The events and their handlers. It is made once and shared by all sockets.
struct RequestTable: Sendable {
    typealias Perform = @Sendable (ClientRequest, ClientState) -> RequestOutcome

    struct Route: Sendable {
        let lane: RequestLane
        /// The fields of the payload that are read.
        let fields: [String]
        /// The rate limit to charge once the sender is known.
        let limit: RequestLimits.Kind?
        /// Reads the sender's identity from the payload.
        let identity: @Sendable (JSONSlice) -> ClientRequest.Identity
        /// Carries the request out. After `.pending`, call the pipeline's `finish` on the loop.
        let perform: Perform
    }

    private(set) var routes: [String: Route] = [:]
    private var prefixes: Set<String> = []
    /// Bytes of the longest name. A longer name is not looked up: hashing a string normalises it, which takes quadratic time if one letter
    /// has many marks.
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

    /// Whether the event has one of this server's prefixes, such as `quiz:`.
    func owns(_ event: String) -> Bool {
        let prefix = Self.prefix(of: event)
        return prefix.utf8.count <= longestName && prefix.endIndex < event.endIndex && prefixes.contains(String(prefix))
    }

    private static func prefix(of event: String) -> Substring { Substring(event.utf8.prefix { $0 != UInt8(ascii: ":") }) }

    /// Called on the socket's loop before its user changes and after it has gone, to undo what the user had joined.
    mutating func onDeparture(_ body: @escaping @Sendable (ClientState, User) -> Void) { departures.append(body) }
}
