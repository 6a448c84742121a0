/// The ends of the larger containers of a text. A walk steps over a container that is noted here at once, so that reading all levels of a text
/// takes one pass over it and not one per level.
///
/// Made by the first walk that hands out all parts of a container, and shared by the slices that it hands out.
final class JSONStructure: Sendable {
    /// Offsets count from the first byte of the text.
    struct Container: Sendable {
        var start: UInt32
        /// The offset behind the closing bracket.
        var end: UInt32
        /// The number of the next container that is not within this one.
        var next: UInt32
    }

    /// Containers that are shorter are not noted: skipping one costs less than looking it up, and they are most of a text's containers.
    static let minimumBytes = 32

    /// In the order in which they begin; the first is the whole text.
    let containers: [Container]

    init(_ containers: [Container]) { self.containers = containers }

    /// A container of a text, by its number.
    struct Place: Sendable {
        let structure: JSONStructure
        let number: UInt32

        var container: Container { structure.containers[Int(number)] }
    }

    /// Notes the containers of a text while they are passed. The text itself is open from the beginning, and noted with the first one within
    /// it: most texts have none, and cost no memory then.
    struct Recorder {
        static let none = UInt32.max

        private var containers: [Container] = []
        /// The innermost container that has not ended. While it is open its `end` holds the number of the one around it.
        private(set) var open: UInt32 = 0

        /// How many are noted, the text among them: the number of the next one.
        var count: Int { max(containers.count, 1) }

        @inline(__always)
        mutating func opened(at position: Int) {
            if containers.isEmpty { containers.append(Container(start: 0, end: Self.none, next: 0)) }
            containers.append(Container(start: UInt32(truncatingIfNeeded: position), end: self.open, next: 0))
            self.open = UInt32(truncatingIfNeeded: containers.count &- 1)
        }

        @inline(__always)
        mutating func closed(at position: Int) {
            guard self.open != Self.none, !containers.isEmpty else { return }
            let number = Int(self.open)
            self.open = containers[number].end
            if number > 0, position &- Int(containers[number].start) < JSONStructure.minimumBytes {
                // The containers within it were shorter still, so that it is the last.
                containers.removeLast()
            } else {
                containers[number].end = UInt32(truncatingIfNeeded: position)
                containers[number].next = UInt32(truncatingIfNeeded: containers.count)
            }
        }

        /// nil if there is nothing in the text that is worth noting.
        func finished() -> JSONStructure? { containers.count > 1 ? JSONStructure(containers) : nil }
    }
}
