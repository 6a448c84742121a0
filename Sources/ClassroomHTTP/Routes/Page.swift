import ClassroomStore
import NIOCore
import SystemCrypto

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
        entityTag = "\"" + TokenHash.hexadecimal(SHA256Digest.hash(bytes).prefix(12)) + "\""
    }
}
