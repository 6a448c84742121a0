/// Something of which there is so much, and of which nobody may have more than so much: places, or bytes. What is given back is free again.
public struct FairShare<Key: Hashable & Sendable>: Sendable {
    public let capacity: Int
    public let maximumPerKey: Int
    /// Nobody may hold more than is free: one who takes all they can leaves half, the next leaves a third. So whoever holds most is the
    /// first to be refused.
    public let leavesRoom: Bool
    /// The sum over all holders.
    public private(set) var total = 0
    private var held: [Key: Int] = [:]

    public enum Refusal: Hashable, Sendable {
        /// This one has as much as one may have.
        case key
        /// There is not enough left for anybody.
        case capacity
    }

    public init(capacity: Int, maximumPerKey: Int = .max, leavesRoom: Bool = false) {
        self.capacity = max(0, capacity)
        self.maximumPerKey = max(0, maximumPerKey)
        self.leavesRoom = leavesRoom
    }

    /// How many hold something.
    public var keys: Int { held.count }

    public func amount(of key: Key) -> Int { held[key] ?? 0 }

    /// Takes an amount; nil: taken.
    public mutating func take(_ amount: Int = 1, for key: Key) -> Refusal? {
        let own = held[key] ?? 0
        let free = capacity - total
        guard amount <= free else { return .capacity }
        guard amount <= maximumPerKey - own, !leavesRoom || own + amount <= free else { return .key }
        held[key] = own + amount
        total += amount
        return nil
    }

    /// Gives back what was taken.
    public mutating func give(_ amount: Int = 1, for key: Key) {
        guard let own = held[key], own >= amount else { return assertionFailure("more is given back than was taken") }
        held[key] = own > amount ? own - amount : nil
        total -= amount
    }
}
