import ClassroomStore
import Crypto
import NIOCore

/// A file that browsers get.
struct Page: Sendable {
    /// Where it is, `/` in front.
    let paths: [String]
    let type: String
    let body: ByteBuffer
    /// Changes with the content, and only with it.
    let entityTag: String

    init(_ paths: String..., type: String, bytes: [UInt8]) {
        self.paths = paths
        self.type = type
        body = ByteBuffer(bytes: bytes)
        let digest = SHA256.hash(data: bytes).prefix(12)
        entityTag = "\"" + digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined() + "\""
    }
}
