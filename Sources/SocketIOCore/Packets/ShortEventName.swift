/// An event's name of at most 23 bytes, stored inline. Most names are that short, and comparing one with the bytes of a packet needs no
/// decoding, hashing or retain.
@usableFromInline
package struct ShortEventName: Sendable {
    package static let maximumBytes = 23

    /// The name, padded with zeros. The last byte is its length.
    @usableFromInline let bytes: (UInt64, UInt64, UInt64)

    /// - Returns: nil if the name is longer.
    package init?(_ name: String) {
        let count = name.utf8.count
        guard count <= Self.maximumBytes else { return nil }
        var bytes: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) {
            $0.copyBytes(from: name.utf8)
            $0[Self.maximumBytes] = UInt8(count)
        }
        self.bytes = bytes
    }

    @inlinable
    func equals(_ written: UnsafeRawBufferPointer) -> Bool {
        withUnsafeBytes(of: self.bytes) { own in
            guard written.count == Int(own[23]) else { return false }
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
