/// Members ordered by score, then by their bytes.
struct SortedSet {
    struct Element: Hashable, Comparable {
        let score: Double
        let member: Bytes

        static func < (one: Element, other: Element) -> Bool {
            one.score != other.score ? one.score < other.score : one.member.lexicographicallyPrecedes(other.member)
        }
    }

    private(set) var elements: [Element] = []
    private var scores: [Bytes: Double] = [:]

    var count: Int { elements.count }

    func score(_ member: Bytes) -> Double? { scores[member] }

    func rank(_ member: Bytes) -> Int? {
        guard let score = scores[member] else { return nil }
        let element = Element(score: score, member: member)
        return firstIndex { $0 >= element }
    }

    mutating func insert(_ member: Bytes, score: Double) {
        remove(member)
        let element = Element(score: score, member: member)
        elements.insert(element, at: firstIndex { $0 >= element })
        scores[member] = score
    }

    @discardableResult
    mutating func remove(_ member: Bytes) -> Bool {
        guard let score = scores.removeValue(forKey: member) else { return false }
        let element = Element(score: score, member: member)
        elements.remove(at: firstIndex { $0 >= element })
        return true
    }

    mutating func remove(_ range: Range<Int>) {
        for element in elements[range] { scores[element.member] = nil }
        elements.removeSubrange(range)
    }

    /// The first index for which a condition holds that holds for all after it.
    func firstIndex(where condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(elements[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Indices of the scores between two bounds.
    func indices(from minimum: ScoreBound, to maximum: ScoreBound) -> Range<Int> {
        let first = firstIndex { minimum.isExclusive ? $0.score > minimum.score : $0.score >= minimum.score }
        let end = firstIndex { maximum.isExclusive ? $0.score >= maximum.score : $0.score > maximum.score }
        return first..<max(first, end)
    }
}

/// `5`, `(5`, `-inf`.
struct ScoreBound {
    let score: Double
    let isExclusive: Bool

    init(_ text: String) throws(CommandFailure) {
        isExclusive = text.hasPrefix("(")
        guard let score = Arguments.double(isExclusive ? String(text.dropFirst()) : text) else {
            throw CommandFailure("ERR min or max is not a float")
        }
        self.score = score
    }
}
