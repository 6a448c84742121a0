import NIOCore

/// Detects a client that does not take its answers. It checks at intervals while bytes wait in memory: a client may be slow, but must make
/// progress.
struct StallWatch {
    enum Verdict: Equatable {
        /// Nothing waits.
        case done
        /// It makes progress: check again after an interval.
        case moves
        case stalled
    }

    /// The bytes that must leave between two checks, unless everything leaves.
    static let minimumBytes = 1 << 16

    private var isWatching = false
    private var bytesAtLastLook = 0
    private var hasMoved = false

    /// Bytes wait. Returns whether the first check must be scheduled, after an interval.
    mutating func begin(waitingBytes: Int) -> Bool {
        guard !isWatching else { return false }
        isWatching = true
        hasMoved = false
        bytesAtLastLook = waitingBytes
        return true
    }

    /// An answer has left, or the queue is short again. Bytes that wait from now on have a whole interval.
    mutating func moved() { hasMoved = true }

    /// An interval has passed. Returns nil if nothing waits.
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

/// Detects a client that does not take the bytes in the kernel's buffer. It checks with each ping: a client may answer pings without
/// reading, and the channel's queue stays empty until the kernel's buffer is full, which may be megabytes.
struct IntakeWatch {
    /// An object, so that connections without waiting bytes store only a word.
    private final class Mark {
        let sent: Int
        let taken: Int
        let time: NIODeadline

        init(sent: Int, taken: Int, time: NIODeadline) {
            self.sent = sent
            self.taken = taken
            self.time = time
        }
    }

    private var mark: Mark?

    /// Returns whether the client is stalled: since the last check it has taken neither 64 KiB nor all of the waiting bytes.
    ///
    /// - Parameters:
    ///   - sent: bytes written since the connection began.
    ///   - waiting: bytes that the peer's kernel has not acknowledged.
    mutating func look(sent: Int, waiting: Int, now: NIODeadline, interval: TimeAmount) -> Bool {
        guard waiting > 0 else {
            mark = nil
            return false
        }
        let taken = sent - waiting
        guard let mark, taken < min(mark.sent, mark.taken + StallWatch.minimumBytes) else {
            self.mark = Mark(sent: sent, taken: taken, time: now)
            return false
        }
        return now - mark.time >= interval
    }
}
