package import Classroom
import NIOConcurrencyHelpers
import NIOPosix

/// Runs work that takes milliseconds, such as reading a quiz of a megabyte, on a thread of its own, one piece after the other. On the
/// cooperative pool it would delay sign-ins and answers. Thread-safe.
package final class HeavyWork: Sendable {
    /// Below this size a hop to another thread costs more than the work.
    package static let minimumBytes = 16_384

    private let thread = NIOThreadPool(numberOfThreads: 1)

    package init() { thread.start() }

    deinit { thread.shutdownGracefully { _ in } }

    /// The caller must hold a place (see ``Places``): nothing else limits how much work waits.
    ///
    /// - Parameter bytes: the approximate amount of data that the work reads.
    package func perform<Value: Sendable>(bytes: Int, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        bytes < Self.minimumBytes ? try body() : try await thread.runIfActive(body)
    }
}

/// Places for what needs much memory, counted one by one or in bytes: a limit for all together, and a smaller one per user. Thread-safe.
package final class Places: Sendable {
    /// One place, or so many bytes. It is released when its last reference goes.
    package final class Place: Sendable {
        private let places: Places
        private let userID: String
        private let amount: NIOLockedValueBox<Int>

        fileprivate init(_ places: Places, _ userID: String, _ amount: Int) {
            self.places = places
            self.userID = userID
            self.amount = NIOLockedValueBox(amount)
        }

        deinit { places.giveBack(amount.withLockedValue { $0 }, userID) }

        /// - Throws: as ``Places/take(_:for:)``; the place is as large as before then.
        package func resize(to new: Int) throws(ClassroomError) {
            let isTaken = amount.withLockedValue { amount in
                guard new > amount else {
                    places.giveBack(amount - new, userID)
                    amount = new
                    return true
                }
                guard places.takes(new - amount, userID) else { return false }
                amount = new
                return true
            }
            if !isTaken { throw places.refused }
        }
    }

    private let share: NIOLockedValueBox<FairShare<String>>
    private let refusal: String

    /// - Parameter refusal: the message of the refusal beyond the limits.
    package init(capacity: Int, maximumPerUser: Int, refusal: String) {
        share = NIOLockedValueBox(FairShare(capacity: capacity, maximumPerKey: maximumPerUser))
        self.refusal = refusal
    }

    /// The number of places taken.
    package var taken: Int { share.withLockedValue { $0.total } }

    /// - Throws: `ClassroomError` `unavailable` if the user has the maximum already, or no place is left.
    package func take(_ amount: Int = 1, for userID: String) throws(ClassroomError) -> Place {
        guard takes(amount, userID) else { throw refused }
        return Place(self, userID, amount)
    }

    private func takes(_ amount: Int, _ userID: String) -> Bool { share.withLockedValue { $0.take(amount, for: userID) } == nil }

    private func giveBack(_ amount: Int, _ userID: String) {
        if amount > 0 { share.withLockedValue { $0.give(amount, for: userID) } }
    }

    private var refused: ClassroomError { ClassroomError(.unavailable, refusal, retryAfterMs: 1_000) }
}
