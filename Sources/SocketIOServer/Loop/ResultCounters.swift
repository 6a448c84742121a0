/// What one loop counts by result. Only its loop adds; any thread may read.
struct ResultCounters<Result: CaseIterable & Hashable & Sendable>: Sendable {
    private final class Box: Sendable {
        let cell = ShardCounters.Cell()
    }

    private let boxes: [Result: Box]

    init() { boxes = Dictionary(uniqueKeysWithValues: Result.allCases.map { ($0, Box()) }) }

    func add(_ result: Result) { boxes[result]?.cell.add() }

    func add(to sums: inout [Result: Int]) {
        for (result, box) in boxes { sums[result, default: 0] += box.cell.read() }
    }
}
