import NIOCore

/// How long one connection's packets, the mail or the writes may hold the loop at a time. It counts steps and reads the clock only after
/// every fourth one, or after each one if steps are long.
///
///     while let next = … {
///         if budget.needsTime, budget.isSpent(at: clock()) { … }
///         budget.step()
///         …
///     }
struct TurnBudget {
    private static let stepsBetweenLooks = 4
    /// If four steps take this long, the time is read after each step.
    private static let long = TimeAmount.microseconds(40)

    private let limit: TimeAmount
    private var start: NIODeadline?
    private var lastLook = NIODeadline.uptimeNanoseconds(0)
    private var steps = 0
    private var nextLook = 1

    init(_ limit: TimeAmount) { self.limit = limit }

    @inline(__always)
    mutating func step() { steps &+= 1 }

    @inline(__always)
    var needsTime: Bool { steps >= nextLook }

    /// Whether the turn is over. The time begins with the first call, after the first step: most turns have only one step.
    mutating func isSpent(at now: NIODeadline) -> Bool {
        guard let start else {
            start = now
            lastLook = now
            nextLook = steps + 1
            return false
        }
        let areLong = now - lastLook >= TurnBudget.long
        nextLook = steps + (areLong ? 1 : TurnBudget.stepsBetweenLooks)
        lastLook = now
        return now - start >= limit
    }
}

/// The remaining turn of the connection whose read batch is being taken. A batch may have several chunks, and batches of connections do not
/// interleave.
struct BatchTurn {
    private var taker: ObjectIdentifier?
    private var left = TurnBudget(.zero)

    /// The rest of a connection's turn. A whole turn for another connection than before.
    func budget(of taker: AnyObject, _ limit: TimeAmount) -> TurnBudget {
        self.taker == ObjectIdentifier(taker) ? left : TurnBudget(limit)
    }

    mutating func goesOn(_ taker: AnyObject, _ budget: TurnBudget) {
        self.taker = ObjectIdentifier(taker)
        left = budget
    }

    /// The batch is over.
    mutating func end() { taker = nil }
}
