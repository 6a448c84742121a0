import SocketIOCore
import SocketIOTesting

/// A payload written as text.
struct JSON: JSONWritable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    let text: String

    init(stringLiteral text: String) { self.text = text }
    func write(to writer: inout JSONWriter) { writer.raw((try? JSONSlice(text)) ?? .null) }
}

extension TestClient {
    /// Sends an event and returns the payload of its acknowledgement.
    func ask(_ event: String, _ payload: JSON = "{}") async throws -> JSONSlice { try await call(event, payload).first }

    /// The payload of the next event of that name.
    func payload(_ event: String) async throws -> JSONSlice { try await next(event).first }

    /// Sends an event and returns what answers it, an event of one of these names.
    func send(_ event: String, _ payload: JSON = "{}", answer: String) async throws -> JSONSlice {
        try await emit(event, payload)
        return try await self.payload(answer)
    }
}

extension JSONSlice {
    func text(_ key: String) -> String? { self[key]?.string }
    func number(_ key: String) -> Int? { self[key]?.int }
    var isOK: Bool { self["ok"]?.bool == true }
    /// The error's code in an acknowledgement.
    var code: String? { self["error"]?["code"]?.string }
}
