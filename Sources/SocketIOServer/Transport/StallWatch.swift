/// Whether a client takes its answers. Looked at in intervals, for as long as something waits in memory: a client may be slow, but it must
/// move.
struct StallWatch {
    enum Verdict: Equatable {
        /// Nothing waits.
        case done
        /// It takes what waits: look again an interval later.
        case moves
        case stalled
    }

    /// What has to go out between two looks, if not everything.
    static let minimumBytes = 1 << 16

    private var isWatching = false
    private var bytesAtLastLook = 0
    private var hasMoved = false

    /// Something waits. Returns whether the first look has to be set: an interval from now.
    mutating func begin(waitingBytes: Int) -> Bool {
        guard !isWatching else { return false }
        isWatching = true
        hasMoved = false
        bytesAtLastLook = waitingBytes
        return true
    }

    /// An answer has gone out, or the queue is short again. What waits from now on has a whole interval.
    mutating func moved() { hasMoved = true }

    /// An interval has passed. nil: nothing waits.
    mutating func look(waitingBytes: Int?) -> Verdict {
        guard let waitingBytes else {
            isWatching = false
            return .done
        }
        guard hasMoved || waitingBytes + StallWatch.minimumBytes <= bytesAtLastLook else { return .stalled }
        hasMoved = false
        bytesAtLastLook = waitingBytes
        return .moves
    }
}
