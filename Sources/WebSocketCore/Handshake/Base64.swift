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
        bytes.withUnsafeBytes { encode($0, into: &buffer) }
    }

    /// Appends the text of bytes that are valid during the call.
    static func encode(_ source: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        let length = (source.count + 2) / 3 * 4
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            alphabet.withUnsafeBufferPointer { alphabet in
                var position = 0
                for index in stride(from: 0, to: source.count, by: 3) {
                    let count = source.count &- index
                    var group = UInt32(source[index]) << 16
                    if count > 1 { group |= UInt32(source[index &+ 1]) << 8 }
                    if count > 2 { group |= UInt32(source[index &+ 2]) }
                    target[position] = alphabet[Int(group >> 18)]
                    target[position &+ 1] = alphabet[Int(group >> 12 & 63)]
                    target[position &+ 2] = count > 1 ? alphabet[Int(group >> 6 & 63)] : padding
                    target[position &+ 3] = count > 2 ? alphabet[Int(group & 63)] : padding
                    position &+= 4
                }
            }
            return length
        }
    }

    /// Nil if the text is not base64.
    package static func decode(_ text: ByteBufferView) -> ByteBuffer? {
        guard text.count % 4 == 0 else { return nil }
        var out = ByteBuffer()
        var isValid = true
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: text.count / 4 * 3) { target in
            text.withUnsafeBytes { source in
                values.withUnsafeBufferPointer { values in
                    var written = 0
                    for index in stride(from: 0, to: source.count, by: 4) {
                        let isLast = index &+ 4 == source.count
                        let pad = !isLast || source[index &+ 3] != padding ? 0 : source[index &+ 2] == padding ? 2 : 1
                        var group: UInt32 = 0
                        for offset in 0..<(4 - pad) {
                            let value = values[Int(source[index &+ offset])]
                            guard value != 0xFF else {
                                isValid = false
                                return 0
                            }
                            group |= UInt32(value) << (18 - 6 * UInt32(offset))
                        }
                        target[written] = UInt8(truncatingIfNeeded: group >> 16)
                        if pad < 2 { target[written &+ 1] = UInt8(truncatingIfNeeded: group >> 8) }
                        if pad < 1 { target[written &+ 2] = UInt8(truncatingIfNeeded: group) }
                        written &+= 3 - pad
                    }
                    return written
                }
            }
        }
        return isValid ? out : nil
    }
}
