/// Requests of this node that other nodes have not all answered. Time is not looked at: whoever begins a request cancels it when its time
/// is up.
public struct ClusterRequests: Sendable {
    private struct Request {
        let expected: Int
        var answers: [ClusterMessage.Body] = []
        var bytes = 0
    }

    /// What an answer changes.
    public enum Outcome: Sendable, Hashable {
        /// Others are missing.
        case waiting
        /// It was the last one.
        case complete([ClusterMessage.Body])
        /// All answers together are longer than they may be: the request has ended.
        case tooLarge
        /// Nobody waits for it, or not any more.
        case unknown
    }

    private var requests: [String: Request] = [:]
    private let maximumRequests: Int
    private let maximumAnswerBytes: Int

    /// - Parameters:
    ///   - maximumRequests: that may wait at once.
    ///   - maximumAnswerBytes: of all answers to one request.
    public init(maximumRequests: Int, maximumAnswerBytes: Int) {
        self.maximumRequests = maximumRequests
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    public var count: Int { requests.count }

    /// - Parameter expected: how many nodes will answer, at least one.
    /// - Returns: false: too many wait, or one has this id.
    public mutating func begin(_ id: String, expecting expected: Int) -> Bool {
        guard requests.count < maximumRequests, requests[id] == nil, expected > 0 else { return false }
        requests[id] = Request(expected: expected)
        return true
    }

    /// A node answers.
    ///
    /// - Parameter bytes: of the message.
    public mutating func receive(_ answer: ClusterMessage.Body, bytes: Int, for id: String) -> Outcome {
        guard var request = requests.removeValue(forKey: id) else { return .unknown }
        request.answers.append(answer)
        request.bytes += bytes
        if request.bytes > maximumAnswerBytes { return .tooLarge }
        if request.answers.count == request.expected { return .complete(request.answers) }
        requests[id] = request
        return .waiting
    }

    /// Nobody waits any more.
    ///
    /// - Returns: how many answers came and how many were expected; nil: the request had ended.
    @discardableResult
    public mutating func cancel(_ id: String) -> (received: Int, expected: Int)? {
        requests.removeValue(forKey: id).map { ($0.answers.count, $0.expected) }
    }
}
