import Classroom

/// How much may be on its way between the servers of a classroom.
public struct ForwardingLimits: Sendable, Hashable {
    /// Requests that wait for other servers, and about their bytes.
    public var maximumRequests = 10_000
    public var maximumBytes = 16 << 20
    /// Requests of other servers in work.
    public var maximumInWork = 10_000

    public init() {}
}

/// Requests of this node's clients that other nodes have not answered. Time is a parameter; nobody is called: whoever waits is returned.
struct ForwardedRequests<Waiter: Sendable>: Sendable {
    struct Request: Sendable {
        var sessionID: String
        /// Where it was sent.
        var place: SessionPlace
        /// The number of the message that carries it.
        var sequence: Int
        var bytes: Int
        var sentAt: UnixMilliseconds
        var deadline: UnixMilliseconds
        var waiter: Waiter
    }

    private let limits: ForwardingLimits
    private var requests: [Int: Request] = [:]
    private var ids: [String: Set<Int>] = [:]
    private(set) var bytes = 0

    init(limits: ForwardingLimits = ForwardingLimits()) { self.limits = limits }

    var count: Int { requests.count }

    /// - Returns: false: too many wait.
    mutating func begin(_ id: Int, _ request: Request) -> Bool {
        guard requests.count < limits.maximumRequests, bytes + request.bytes <= limits.maximumBytes || requests.isEmpty,
            requests[id] == nil
        else { return false }
        requests[id] = request
        ids[request.sessionID, default: []].insert(id)
        bytes += request.bytes
        return true
    }

    /// A node answers, or could not be reached.
    ///
    /// - Parameter node: which one; the answer of another one than was asked is not meant.
    mutating func finish(_ id: Int, by node: String) -> Request? {
        requests[id]?.place.node == node ? remove(id) : nil
    }

    /// Another node runs the session, or this one: whatever was sent to former owners is not answered any more.
    ///
    /// - Parameter epoch: in which the session is run now.
    mutating func moved(_ sessionID: String, epoch: Int) -> [Request] {
        let outdated = ids[sessionID]?.filter { (requests[$0]?.place.epoch ?? 0) < epoch } ?? []
        return outdated.sorted().compactMap { remove($0) }
    }

    /// Those whose time is up.
    mutating func expire(at now: UnixMilliseconds) -> [Request] {
        let late = requests.filter { $0.value.deadline <= now }.keys.sorted()
        return late.compactMap { remove($0) }
    }

    mutating func removeAll() -> [Request] { requests.keys.sorted().compactMap { remove($0) } }

    var nextDeadline: UnixMilliseconds? { requests.values.lazy.map(\.deadline).min() }

    /// The sessions of which a request waits that was sent before this time.
    func sessions(waitingSince time: UnixMilliseconds) -> Set<String> {
        Set(requests.values.lazy.filter { $0.sentAt <= time }.map(\.sessionID))
    }

    /// The number of the first message of a session that is not answered.
    func firstSequence(of sessionID: String) -> Int? { ids[sessionID]?.compactMap { requests[$0]?.sequence }.min() }

    private mutating func remove(_ id: Int) -> Request? {
        guard let request = requests.removeValue(forKey: id) else { return nil }
        bytes -= request.bytes
        ids[request.sessionID]?.remove(id)
        if ids[request.sessionID]?.isEmpty == true { ids[request.sessionID] = nil }
        return request
    }
}
