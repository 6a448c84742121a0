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

/// Places for requests that need much memory: a limit for all together, and a smaller one per user. Thread-safe.
package final class Places: Sendable {
    /// One place. It is released when its last reference goes.
    package final class Place: Sendable {
        private let places: Places
        private let userID: String

        fileprivate init(_ places: Places, _ userID: String) {
            self.places = places
            self.userID = userID
        }

        deinit { places.giveBack(userID) }
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
    package func take(for userID: String) throws(ClassroomError) -> Place {
        guard share.withLockedValue({ $0.take(for: userID) }) == nil else {
            throw ClassroomError(.unavailable, refusal, retryAfterMs: 1_000)
        }
        return Place(self, userID)
    }

    private func giveBack(_ userID: String) { share.withLockedValue { $0.give(for: userID) } }
}
