import NIOConcurrencyHelpers

/// Durations in buckets that double: from 64 µs to about 67 s.
final class LatencyHistogram: Sendable {
    private struct State {
        var counts = [UInt64](repeating: 0, count: LatencySnapshot.bucketCount)
        var sumNanoseconds: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())

    func record(nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        let bucket = LatencySnapshot.bucket(nanoseconds: value)
        state.withLockedValue { state in
            state.counts[bucket] &+= 1
            state.sumNanoseconds &+= value
        }
    }

    var snapshot: LatencySnapshot {
        let copy = state.withLockedValue { $0 }
        return LatencySnapshot(counts: copy.counts, sumSeconds: Double(copy.sumNanoseconds) / 1e9)
    }
}

/// A histogram at one moment.
public struct LatencySnapshot: Sendable, Hashable {
    static let bucketCount = 22
    private static let smallestShift: UInt64 = 16

    /// How many fell into each bucket.
    var counts: [UInt64]
    public var sumSeconds: Double

    public var count: UInt64 { counts.reduce(0, +) }

    /// Upper bounds in seconds with how many were at most that long; the last bound is infinity.
    public var buckets: [(upperBoundSeconds: Double, cumulativeCount: UInt64)] {
        var total: UInt64 = 0
        return counts.indices.map { index in
            total += counts[index]
            return (Self.upperBound(index), total)
        }
    }

    /// The bound below which `fraction` of the durations lie, in milliseconds, interpolated within its bucket; 0 without any.
    public func percentileMs(_ fraction: Double) -> Double {
        let total = count
        guard total > 0 else { return 0 }
        let wanted = fraction * Double(total)
        var below: UInt64 = 0
        for index in counts.indices where counts[index] > 0 {
            if Double(below + counts[index]) >= wanted {
                let lower = index == 0 ? 0 : Self.upperBound(index - 1)
                let upper = index == counts.count - 1 ? lower * 2 : Self.upperBound(index)
                return (lower + (upper - lower) * (wanted - Double(below)) / Double(counts[index])) * 1_000
            }
            below += counts[index]
        }
        return 0
    }

    /// What was recorded since `earlier`.
    func since(_ earlier: LatencySnapshot) -> LatencySnapshot {
        LatencySnapshot(counts: zip(counts, earlier.counts).map { $0 &- $1 }, sumSeconds: sumSeconds - earlier.sumSeconds)
    }

    static func bucket(nanoseconds: UInt64) -> Int {
        let bits = UInt64(UInt64.bitWidth - nanoseconds.leadingZeroBitCount)
        return bits <= smallestShift ? 0 : min(Int(bits - smallestShift), bucketCount - 1)
    }

    private static func upperBound(_ index: Int) -> Double {
        index == bucketCount - 1 ? .infinity : Double(UInt64(1) << (smallestShift + UInt64(index))) / 1e9
    }
}
