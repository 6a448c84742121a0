import Classroom
import NIOCore
import PrometheusMetrics
import SocketIOCore
import SocketIOServer
import Synchronization

/// Answers one request, once: by an event to its socket and, if the client asked, through the acknowledgement. May leave the loop.
final class Responder: Sendable {
    /// The request's event.
    let event: String
    private let socket: SocketReference
    private let acknowledgement: Acknowledgement?
    /// The request's `_sentAt`.
    let sentAt: JSONSlice?
    private let receivedAt: NIODeadline
    private let counters: RuntimeCounters
    /// The client asked for an acknowledgement.
    var isAcknowledged: Bool { acknowledgement != nil }
    private let isAnswered = Atomic<Bool>(false)

    init(event: String, socket: SocketReference, acknowledge: Acknowledgement?, sentAt: JSONSlice?, counters: RuntimeCounters) {
        self.event = event
        self.socket = socket
        acknowledgement = acknowledge
        self.sentAt = sentAt
        self.counters = counters
        receivedAt = .now()
    }

    /// - Parameter answer: the event that carries the body to the sender. Nil if an event to a room does.
    func succeed(_ answer: String?, _ body: @autoclosure () -> JSONBody) {
        guard claim() else { return }
        let body = body().stamped(sentAt)
        if let answer { socket.emit(answer, body) }
        acknowledgement?(body.acknowledged)
    }

    /// Only through the acknowledgement: the event went to a room. The body has its stamp.
    func acknowledge(_ body: @autoclosure () -> some JSONWritable) {
        guard claim() else { return }
        acknowledgement?(body())
    }

    func fail(_ error: ClassroomError) {
        guard claim() else { return }
        counters.errors.count()
        if error.code == .rateLimited { counters.rateLimited.count() }
        let body = JSONBody { writer in
            Self.write(error, to: &writer)
            writer.field("event", event)
        }
        socket.emit(Self.errorEvent(for: event), body.stamped(sentAt))
        acknowledgement?(
            JSONBody { writer in
                writer.field("ok", false)
                writer.key("error")
                writer.object { Self.write(error, to: &$0) }
            }.stamped(sentAt))
    }

    /// If there are several answers, the first one counts.
    private func claim() -> Bool {
        guard !isAnswered.exchange(true, ordering: .acquiringAndReleasing) else { return false }
        counters.latency.recordNanoseconds((NIODeadline.now() - receivedAt).nanoseconds)
        return true
    }

    static func write(_ error: ClassroomError, to writer: inout JSONWriter) {
        writer.field("code", error.code.rawValue)
        writer.field("message", error.message)
        if let retryAfterMs = error.retryAfterMs { writer.field("retryAfterMs", retryAfterMs) }
    }

    /// `quiz:answer` → `quiz:error`.
    static func errorEvent(for event: String) -> String {
        "\(Substring(event.utf8.prefix { $0 != UInt8(ascii: ":") })):error"
    }
}
