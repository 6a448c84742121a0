import NIOCore

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

/// Whether a client takes what the kernel holds for it. Looked at with each ping: a client may answer pings and read nothing, and the
/// channel's queue stays empty until the kernel's buffer is full, which may be megabytes.
struct IntakeWatch {
    private var mark: (sent: Int, taken: Int, time: NIODeadline)?

    /// Returns whether the client is stalled: of what waited an interval ago it has taken less than 64 KiB, and not all.
    ///
    /// - Parameters:
    ///   - sent: bytes written since the connection began.
    ///   - waiting: those of them that the peer's kernel has not acknowledged.
    mutating func look(sent: Int, waiting: Int, now: NIODeadline, interval: TimeAmount) -> Bool {
        guard waiting > 0 else {
            mark = nil
            return false
        }
        let taken = sent - waiting
        guard let mark, taken < min(mark.sent, mark.taken + StallWatch.minimumBytes) else {
            self.mark = (sent, taken, now)
            return false
        }
        return now - mark.time >= interval
    }
}
