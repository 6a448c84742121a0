/// SplitMix64 (Steele, Lea and Flood, 2014): eight bytes of state, so that each virtual user has its own generator, and its choices do not
/// depend on other users.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// The generator of the `index`-th member of a stream, independent of its neighbours'.
    public init(seed: UInt64, stream: UInt64, index: UInt64 = 0) {
        var mixer = SeededGenerator(seed: seed ^ (stream &* 0xD6E8_FEB8_6659_FD93))
        var second = SeededGenerator(seed: mixer.next() ^ (index &* 0xA076_1D64_78BD_642F))
        state = second.next()
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// In 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// Gives each name of a script's variables an index, and remembers where a name is used and which names something sets.
struct VariableTable: Sendable {
    struct Reference: Sendable, Hashable {
        var name: String
        var position: SourcePosition
    }

    private(set) var names: [String] = []
    private(set) var references: [Reference] = []
    /// Names that the configuration, a payload, a loop or a capture sets.
    private(set) var definitions: Set<String> = []
    private var slots: [String: Int] = [:]

    /// The slot of a name, a new one if it has none.
    mutating func slot(for name: String) -> Int {
        if let slot = slots[name] { return slot }
        slots[name] = names.count
        names.append(name)
        return names.count - 1
    }

    func existingSlot(for name: String) -> Int? { slots[name] }

    /// The slot of a name that something sets.
    mutating func define(_ name: String) -> Int {
        definitions.insert(name)
        return slot(for: name)
    }

    /// The slot of a name that is read at a place.
    mutating func refer(to name: String, at position: SourcePosition) -> Int {
        references.append(Reference(name: name, position: position))
        return slot(for: name)
    }

    /// Withdraws the last reference, which has been reported already.
    mutating func forgetLastReference() { _ = references.popLast() }
}

/// The state that templates and expressions use: one virtual user's variables, random choices and counters.
public struct VariableScope: Sendable {
    /// The values, by slot of the script's variable table.
    public internal(set) var slots: [ScriptValue]
    var random: SeededGenerator
    /// Milliseconds since 1970. The shell sets it before it wakes the user.
    var wallClockMilliseconds: Int64 = 0
    /// Nanoseconds since the run began, for the tags of the delivery audit.
    var runNanoseconds: Int64 = 0
    /// The number of this virtual user, counted over the whole run.
    let userIndex: Int
    /// How often `$sequence()` was called.
    var sequence = 0
    /// The last number of each room that `$auditTag(room)` has tagged.
    var auditSequences: [String: Int] = [:]

    public init(slots: [ScriptValue], random: SeededGenerator, userIndex: Int) {
        self.slots = slots
        self.random = random
        self.userIndex = userIndex
    }
}
