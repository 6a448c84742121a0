import NIOCore

/// How long one connection's packets, the mail or the writes may hold the loop at a time. Counts steps, and asks for the time only now and
/// then: after every fourth step, or after each once steps prove to be long.
///
///     while let next = … {
///         if budget.needsTime, budget.isSpent(at: clock()) { … }
///         budget.step()
///         …
///     }
struct TurnBudget {
    private static let stepsBetweenLooks = 4
    /// Steps of this length together are looked at one by one.
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

    /// Whether others are to have their turn. The time begins with the first look, behind the first step: most turns have only one.
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

/// What the connection whose read batch is being taken may still do: a batch comes in several chunks, and one connection's at a time.
struct BatchTurn {
    private var taker: ObjectIdentifier?
    private var left = TurnBudget(.zero)

    /// What is left to a connection, or all of it for another one than before.
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
