import Hummingbird
import NIOCore

extension RequestBody {
    /// How much of an oversized body is read and dropped, so that a client that writes before it reads gets to see its 413.
    static let maximumDrainedBytes = 16_000_000

    /// The whole body. Nothing is kept of a body that is too large.
    func collected(upTo maximumBytes: Int) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        var received = 0
        for try await var part in self {
            received += part.readableBytes
            if received <= maximumBytes {
                collected.writeBuffer(&part)
            } else {
                collected.clear()
                if received > Self.maximumDrainedBytes { break }
            }
        }
        guard received <= maximumBytes else { throw BodyTooLarge(maximumBytes: maximumBytes) }
        return collected
    }
}

/// A request's body is larger than it may be: 413.
struct BodyTooLarge: Error {
    var maximumBytes: Int
}
