import Synchronization

/// What one loop counts. Only its loop writes, so an increment is a plain load and store; any thread may read.
final class ShardCounters: Sendable {
    struct Cell: ~Copyable, Sendable {
        private let value = Atomic<Int>(0)

        borrowing func add(_ amount: Int = 1) {
            value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
        }

        borrowing func raise(to amount: Int) {
            if amount > read() { value.store(amount, ordering: .relaxed) }
        }

        borrowing func read() -> Int { value.load(ordering: .relaxed) }
    }

    let connectionsOpened = Cell()
    let connectionsClosed = Cell()
    let socketsOpened = Cell()
    let socketsClosed = Cell()
    let eventsReceived = Cell()
    let packetsSent = Cell()
    let slowClientCloses = Cell()
    let protocolErrors = Cell()
    let upgrades = Cell()
    let volatileDropped = Cell()
    let longestStallNanoseconds = Cell()
    let handshakes = ResultCounters<HandshakeResult>()
    let joins = ResultCounters<JoinResult>()
}
