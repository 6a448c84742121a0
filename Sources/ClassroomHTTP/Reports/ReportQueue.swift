import Classroom
import ClassroomLive
import DequeModule
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Makes reports one at a time. Each holds all answers of a session: several at once would take everybody's memory, readers and threads.
/// Thread-safe.
final class ReportQueue: Sendable {
    private struct State {
        var isBusy = false
        var waiting: Deque<CheckedContinuation<Void, Never>> = []
    }

    private let state = NIOLockedValueBox(State())
    private let places: Places

    init(_ configuration: RuntimeConfiguration) {
        places = Places(
            capacity: configuration.maximumReports, maximumPerUser: configuration.maximumReportsPerUser,
            refusal: "Too many reports are being made")
    }

    /// Reports that wait, are made or are being sent.
    var count: Int { places.taken }

    /// Reports that wait to be made.
    var waiting: Int { state.withLockedValue { $0.waiting.count } }

    /// Room for one report, from the request until its last byte has been sent.
    ///
    /// - Throws: `ClassroomError` `unavailable`: the user has too many under way, or all together have.
    func place(for userID: String) throws(ClassroomError) -> Places.Place { try places.take(for: userID) }

    /// Runs `body` when the reports before it are done. A caller that is cancelled meanwhile does not begin.
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

/// A report in one of its forms, which is written piece by piece while it is sent: its whole text may be long.
protocol ReportPieces: Sendable {
    /// The next piece. Nil after the last one.
    mutating func next() throws -> ByteBuffer?
}

extension ReportPieces {
    /// A piece ends with the part at which it reaches this length.
    static var pieceBytes: Int { 65_536 }
}

extension Response {
    /// A report that is written while it is sent, at the reader's pace. It holds `place` until it has been sent.
    static func holding<Form: ReportPieces>(_ place: Places.Place, _ report: Form, type: String, work: HeavyWork) -> Response {
        let body = ResponseBody { writer in
            var rest = report
            while true {
                let before = rest
                let (piece, after) = try await work.perform(bytes: Form.pieceBytes) {
                    var form = before
                    let piece = try form.next()
                    return (piece, form)
                }
                guard let piece else { break }
                rest = after
                try await writer.write(piece)
            }
            try await writer.finish(nil)
            withExtendedLifetime(place) {}
        }
        return Response(status: .ok, headers: [.contentType: type], body: body)
    }
}
