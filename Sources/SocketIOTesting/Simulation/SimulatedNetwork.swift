import NIOCore

/// What a simulated network does to the bytes of connections. As TCP does, it keeps those of one direction of one connection in their order.
///
///     var network = SimulatedNetwork(seed: 7)
///     network.maximumPieceBytes = 3       // frames arrive in pieces
///     network.maximumDelay = 10           // connections overtake each other
///     network.cutsOneIn = 500             // and break
public struct SimulatedNetwork: Sendable, Hashable {
    /// The same seed makes the same choices for the same writes.
    public var seed: UInt64
    /// Bytes arrive in pieces of 1 to that many. Nil: as they were written.
    public var maximumPieceBytes: Int?
    /// How many pieces of other connections, and of the other direction, may at most be sent later than a piece and arrive before it.
    public var maximumDelay = 0
    /// One in so many pieces is lost together with its connection, and both ends see it end. Nil: none is.
    public var cutsOneIn: Int?

    public init(seed: UInt64 = 0) { self.seed = seed }
}

/// The bytes that are on their way between all ends of a simulated network. Used on its loop only.
final class SimulatedWires {
    private enum Freight {
        case bytes(ByteBuffer)
        case end
        /// The connection breaks here.
        case cut
    }

    private struct Piece {
        let freight: Freight
        let target: SimulatedEnd
        /// The step in which it arrives at the earliest.
        let due: Int
    }

    private let network: SimulatedNetwork
    private let loop: any EventLoop
    private var choices: Choices
    /// In the order in which they were sent.
    private var pieces: [Piece] = []
    private var step = 0
    private var isScheduled = false

    init(_ network: SimulatedNetwork, on loop: any EventLoop) {
        self.network = network
        self.loop = loop
        choices = Choices(state: network.seed)
    }

    func send(_ bytes: ByteBuffer, to target: SimulatedEnd) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let count = network.maximumPieceBytes.map { choices.number(in: 1...max($0, 1)) } ?? rest.readableBytes
            guard let piece = rest.readSlice(length: min(count, rest.readableBytes)) else { return }
            let isCut = network.cutsOneIn.map { choices.number(in: 1...max($0, 1)) == 1 } ?? false
            add(isCut ? .cut : .bytes(piece), to: target)
        }
    }

    func sendEnd(to target: SimulatedEnd) { add(.end, to: target) }

    private func add(_ freight: Freight, to target: SimulatedEnd) {
        let due = max(target.lastDue, step + choices.number(in: 0...max(network.maximumDelay, 0)))
        target.lastDue = due
        pieces.append(Piece(freight: freight, target: target, due: due))
        scheduleNext()
    }

    private func scheduleNext() {
        guard !isScheduled, !pieces.isEmpty else { return }
        isScheduled = true
        // `assumeIsolated()` stops the process off the loop: this object never leaves it.
        loop.assumeIsolated().execute { self.deliverNext() }
    }

    private func deliverNext() {
        isScheduled = false
        // The first of those that are due first.
        guard let index = pieces.indices.min(by: { pieces[$0].due < pieces[$1].due }) else { return }
        let piece = pieces.remove(at: index)
        step = max(step + 1, piece.due)
        scheduleNext()
        switch piece.freight {
        case .bytes(let bytes): piece.target.receive(bytes)
        case .end: piece.target.receiveEnd()
        case .cut: piece.target.cut()
        }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private struct Choices: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }

        mutating func number(in range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }
    }
}
