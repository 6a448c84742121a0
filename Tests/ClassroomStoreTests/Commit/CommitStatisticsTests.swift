import Testing

@testable import ClassroomStore

@Suite("Commit statistics")
struct CommitStatisticsTests {
    @Test("a batch counts in the bucket of the next power of two and in all larger ones; a failed one in none")
    func batchSizes() {
        var statistics = CommitStatistics()
        for count in [1, 1, 2, 3, 4, 5, 1_000, 1_024, 1_025] { statistics.record(writes: count, isCommitted: true, took: .zero) }
        statistics.record(writes: 7, isCommitted: false, took: .zero)
        #expect(statistics.batchSizes.map(\.upperBound) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024])
        #expect(statistics.batchSizes.map(\.cumulativeCount) == [2, 3, 5, 6, 6, 6, 6, 6, 6, 6, 8])
        #expect(statistics.commits == 9)
        #expect(statistics.failedCommits == 1)
        #expect(statistics.largestBatch == 1_025)
    }
}
