#if DEBUG
internal import Synchronization
#endif

/// Counts the players that are looked at, for tests that hold a board to its first hundred. A count does not depend on how fast the machine
/// is. Release builds count nothing.
enum BoardWork {
    #if DEBUG
    final class Counter: Sendable {
        let players = Atomic<Int>(0)
    }

    @TaskLocal static var counter: Counter?

    /// The players that were looked at while `body` ran; one that was looked at twice counts twice.
    static func playersSeen(_ body: () throws -> Void) rethrows -> Int {
        let counter = Counter()
        try self.$counter.withValue(counter) { try body() }
        return counter.players.load(ordering: .relaxed)
    }
    #endif

    /// Reports players that are looked at now.
    static func passed(_ players: Int) {
        #if DEBUG
        counter?.players.add(players, ordering: .relaxed)
        #endif
    }
}
