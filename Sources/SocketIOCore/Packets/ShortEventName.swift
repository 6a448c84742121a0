/// An event's name of at most 32 bytes, stored inline. Most names are that short, and comparing one with the bytes of a packet needs no
/// decoding, hashing or retain.
@usableFromInline
package struct ShortEventName: Sendable {
    package static let maximumBytes = 32

    @usableFromInline let count: Int
    @usableFromInline let bytes: (UInt64, UInt64, UInt64, UInt64)

    /// - Returns: nil if the name is longer.
    package init?(_ name: String) {
        guard name.utf8.count <= Self.maximumBytes else { return nil }
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { $0.copyBytes(from: name.utf8) }
        self.count = name.utf8.count
        self.bytes = bytes
    }

    @inlinable
    func equals(_ written: UnsafeRawBufferPointer) -> Bool {
        guard written.count == self.count else { return false }
        return withUnsafeBytes(of: self.bytes) { own in
            var index = 0
            while index &+ 8 <= written.count {
                guard
                    own.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                        == written.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                else { return false }
                index &+= 8
            }
            while index < written.count {
                guard own[index] == written[index] else { return false }
                index &+= 1
            }
            return true
        }
    }
}
