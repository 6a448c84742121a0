package import NIOCore

/// RFC 4648 §4, strict: the alphabet of the standard, padded, without white space. Here because the cores know no Foundation.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()
    private static let padding = UInt8(ascii: "=")

    package static func encode(_ bytes: ByteBufferView, into buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: (bytes.count + 2) / 3 * 4)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let count = min(3, bytes.endIndex - index)
            var group = UInt32(bytes[index]) << 16
            if count > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[index + 2]) }
            let a = alphabet[Int(group >> 18)]
            let b = alphabet[Int(group >> 12 & 63)]
            let c = count > 1 ? alphabet[Int(group >> 6 & 63)] : padding
            let d = count > 2 ? alphabet[Int(group & 63)] : padding
            buffer.writeMultipleIntegers(a, b, c, d)
            index += count
        }
    }

    /// nil: not base64.
    package static func decode(_ text: ByteBufferView) -> ByteBuffer? {
        guard text.count % 4 == 0 else { return nil }
        var out = ByteBuffer()
        out.reserveCapacity(text.count / 4 * 3)
        var index = text.startIndex
        while index < text.endIndex {
            let isLast = index + 4 == text.endIndex
            let pad = isLast ? (text[index + 3] == padding ? (text[index + 2] == padding ? 2 : 1) : 0) : 0
            var group: UInt32 = 0
            for offset in 0..<(4 - pad) {
                let value = values[Int(text[index + offset])]
                guard value != 0xFF else { return nil }
                group |= UInt32(value) << (18 - 6 * UInt32(offset))
            }
            out.writeInteger(UInt8(truncatingIfNeeded: group >> 16))
            if pad < 2 { out.writeInteger(UInt8(truncatingIfNeeded: group >> 8)) }
            if pad < 1 { out.writeInteger(UInt8(truncatingIfNeeded: group)) }
            index += 4
        }
        return out
    }
}
