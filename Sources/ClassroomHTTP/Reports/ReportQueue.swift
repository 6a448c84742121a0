import Classroom
import ClassroomLive
import DequeModule
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Makes reports one at a time. Each holds all answers of a session: several at once would take everybody's memory, readers and threads.
/// Thread-safe.
final class ReportQueue: Sendable {
    /// Room for one report, from the request until its last byte has been sent. It is given back when nobody holds it.
    final class Place: Sendable {
        private let queue: ReportQueue
        private let userID: String

        fileprivate init(_ queue: ReportQueue, _ userID: String) {
            self.queue = queue
            self.userID = userID
        }

        deinit { queue.giveBack(userID) }
    }

    private struct State {
        var places: FairShare<String>
        var isBusy = false
        var waiting: Deque<CheckedContinuation<Void, Never>> = []
    }

    private let state: NIOLockedValueBox<State>

    init(_ configuration: RuntimeConfiguration) {
        state = NIOLockedValueBox(
            State(places: FairShare(capacity: configuration.maximumReports, maximumPerKey: configuration.maximumReportsPerUser)))
    }

    /// Reports that wait, are made or are being sent.
    var count: Int { state.withLockedValue { $0.places.total } }

    /// Reports that wait to be made.
    var waiting: Int { state.withLockedValue { $0.waiting.count } }

    /// - Throws: `ClassroomError` `unavailable`: the user has too many under way, or all together have.
    func place(for userID: String) throws(ClassroomError) -> Place {
        guard state.withLockedValue({ $0.places.take(for: userID) }) == nil else {
            throw ClassroomError(.unavailable, "Too many reports are being made", retryAfterMs: 1_000)
        }
        return Place(self, userID)
    }

    private func giveBack(_ userID: String) { state.withLockedValue { $0.places.give(for: userID) } }

    /// Runs `body` when those before it are done. Whoever is cancelled meanwhile does not begin.
    func make<Value>(_ body: () async throws -> Value) async throws -> Value {
        await begin()
        defer { end() }
        try Task.checkCancellation()
        return try await body()
    }

    private func begin() async {
        await withCheckedContinuation { continuation in
            let isFirst = state.withLockedValue { state in
                if state.isBusy { state.waiting.append(continuation) }
                defer { state.isBusy = true }
                return !state.isBusy
            }
            if isFirst { continuation.resume() }
        }
    }

    private func end() {
        let next = state.withLockedValue { state in
            if state.waiting.isEmpty { state.isBusy = false }
            return state.waiting.popFirst()
        }
        next?.resume()
    }
}

extension Response {
    /// The same with a body in pieces, at the pace of whoever reads it: it holds `place` until it has been sent.
    static func holding(_ place: ReportQueue.Place, _ buffer: ByteBuffer, type: String) -> Response {
        var response = Response.bytes(buffer, type: type)
        response.body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            var rest = buffer
            while rest.readableBytes > 0, let piece = rest.readSlice(length: min(pieceBytes, rest.readableBytes)) {
                try await writer.write(piece)
            }
            try await writer.finish(nil)
            withExtendedLifetime(place) {}
        }
        return response
    }

    private static let pieceBytes = 65_536
}
