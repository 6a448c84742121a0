import NIOCore

/// The WebSocket frame of an acknowledgement whose arguments are there as text: header, `43`, the number, `[text]`, written in one go.
enum AcknowledgementFrame {
    /// Appends the frame, with the shortest header that holds its length (RFC 6455 §5.2).
    @inline(__always)
    static func write(id: UInt64, text: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        let digits = decimalDigits(id)
        let payload = 2 + digits + 1 + text.count + 1
        let header = payload <= 125 ? 2 : payload <= 0xFFFF ? 4 : 10
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: header + payload) { target in
            target[0] = 0x81
            switch header {
            case 2: target[1] = UInt8(truncatingIfNeeded: payload)
            case 4:
                target[1] = 126
                target.storeBytes(of: UInt16(truncatingIfNeeded: payload).bigEndian, toByteOffset: 2, as: UInt16.self)
            default:
                target[1] = 127
                target.storeBytes(of: UInt64(payload).bigEndian, toByteOffset: 2, as: UInt64.self)
            }
            var position = header
            target[position] = UInt8(ascii: "4")
            target[position + 1] = UInt8(ascii: "3")
            position += 2
            var rest = id
            for index in stride(from: digits - 1, through: 0, by: -1) {
                target[position + index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            position += digits
            target[position] = UInt8(ascii: "[")
            position += 1
            UnsafeMutableRawBufferPointer(rebasing: target[position..<(position + text.count)]).copyMemory(from: text)
            target[position + text.count] = UInt8(ascii: "]")
            return header + payload
        }
    }

    @inline(__always)
    private static func decimalDigits(_ value: UInt64) -> Int {
        var count = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }
}
