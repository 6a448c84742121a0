public import JSONCore

/// An error that the other end may read: a code for programs and a sentence for people.
///
/// A typed handler that throws it answers the acknowledgement with `{"error":{"code":…,"message":…}}`. Any other error that a handler throws
/// is answered as ``internalError``: its text stays on the server.
public struct SocketIOError: Error, Hashable, Sendable {
    /// In snake case, for example `room_full`.
    public let code: String
    public let message: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// The answer to a payload that is missing or has another shape than the event's.
    public static let invalidPayload = SocketIOError(
        code: "invalid_payload", message: "The payload does not have the shape that this event expects.")
    /// The answer when a handler fails in a way that it did not foresee.
    public static let internalError = SocketIOError(code: "internal_error", message: "The server could not handle this event.")
}

extension SocketIOError: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.key("error")
            $0.object {
                $0.field("code", code)
                $0.field("message", message)
            }
        }
    }
}

extension SocketIOError {
    /// The error in an acknowledgement of the form `{"error":{"code":…,"message":…}}`. Nil for any other acknowledgement.
    package init?(_ answer: JSONSlice) {
        guard answer.kind == .object, let error = answer["error"], answer.count == 1, let code = error["code"]?.string,
            let message = error["message"]?.string
        else { return nil }
        self.init(code: code, message: message)
    }
}
