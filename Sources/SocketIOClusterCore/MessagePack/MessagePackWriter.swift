import NIOCore
import SocketIOCore

/// Writes JSON as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), byte for byte as notepack.io and @msgpack/msgpack do:
/// each number, text and length in its shortest form, fractions with 64 bits. Placeholders become the attachments that they stand for.
struct MessagePackWriter {
    var buffer = ByteBuffer()
    private let attachments: [ByteBuffer]

    init(attachments: [ByteBuffer]) { self.attachments = attachments }

    mutating func write(_ value: JSONSlice) throws(ClusterCodingError) {
        switch value.kind {
        case .null: byte(0xC0)
        case .bool: byte(value.bool == true ? 0xC3 : 0xC2)
        case .number: number(value)
        case .string: text(value.string ?? "")
        case .array:
            let elements = value.elements
            header(elements.count, fixed: 0x90, upTo: 15, 0xDC, 0xDD)
            for element in elements { try write(element) }
        case .object:
            let members = value.members
            if !attachments.isEmpty, members.contains(where: { $0.key == "_placeholder" }) {
                return binary(try attachment(of: value))
            }
            header(members.count, fixed: 0x80, upTo: 15, 0xDE, 0xDF)
            for member in members {
                text(member.key)
                try write(member.value)
            }
        }
    }

    private func attachment(of placeholder: JSONSlice) throws(ClusterCodingError) -> ByteBuffer {
        guard placeholder["_placeholder"]?.bool == true, let number = placeholder["num"]?.int, attachments.indices.contains(number)
        else { throw ClusterCodingError(.invalidPlaceholder) }
        return attachments[number]
    }

    private mutating func byte(_ byte: UInt8) { buffer.writeInteger(byte) }

    private mutating func number(_ value: JSONSlice) {
        if let integer = value.integer(as: Int64.self) {
            self.integer(integer)
        } else if let large = value.integer(as: UInt64.self) {
            byte(0xCF)
            buffer.writeInteger(large)
        } else {
            // A number beyond the range of a double is infinite to JavaScript.
            let isNegative = value.bytes.readableBytesView.first == UInt8(ascii: "-")
            byte(0xCB)
            buffer.writeInteger((value.double ?? (isNegative ? -.infinity : .infinity)).bitPattern)
        }
    }

    private mutating func integer(_ value: Int64) {
        switch value {
        case 0...0x7F, -0x20..<0: buffer.writeInteger(Int8(truncatingIfNeeded: value))
        case 0x80...0xFF: write(0xCC, UInt8(value))
        case 0x100...0xFFFF: write(0xCD, UInt16(value))
        case 0x1_0000...0xFFFF_FFFF: write(0xCE, UInt32(value))
        case 0x1_0000_0000...: write(0xCF, UInt64(value))
        case -0x80 ..< -0x20: write(0xD0, Int8(value))
        case -0x8000 ..< -0x80: write(0xD1, Int16(value))
        case -0x8000_0000 ..< -0x8000: write(0xD2, Int32(value))
        default: write(0xD3, value)
        }
    }

    private mutating func write(_ type: UInt8, _ value: some FixedWidthInteger) {
        byte(type)
        buffer.writeInteger(value)
    }

    private mutating func text(_ text: String) {
        let count = text.utf8.count
        if count > 31, count <= 0xFF { write(0xD9, UInt8(count)) } else { header(count, fixed: 0xA0, upTo: 31, 0xDA, 0xDB) }
        buffer.writeString(text)
    }

    private mutating func binary(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        switch count {
        case ...0xFF: write(0xC4, UInt8(count))
        case ...0xFFFF: write(0xC5, UInt16(count))
        default: write(0xC6, UInt32(truncatingIfNeeded: count))
        }
        buffer.writeImmutableBuffer(bytes)
    }

    private mutating func header(_ count: Int, fixed: UInt8, upTo limit: Int, _ type16: UInt8, _ type32: UInt8) {
        switch count {
        case ...limit: byte(fixed | UInt8(count))
        case ...0xFFFF: write(type16, UInt16(count))
        default: write(type32, UInt32(truncatingIfNeeded: count))
        }
    }
}
