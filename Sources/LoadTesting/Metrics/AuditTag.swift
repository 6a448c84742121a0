/// The marker that a message carries through the server: `~dl:SENDER:SEQUENCE:NANOSECONDS:ROOM~`. It is found in any received message by
/// its first four characters, wherever the server puts the text.
struct AuditTag: Sendable, Hashable {
    static let beginning: StaticString = "~dl:"
    /// The maximum length of an encoded room in the tag.
    static let maximumRoomBytes = 128
    /// No run sends more messages. A server that changes a number beyond it has not sent a tag, and sums of gaps stay within an `Int`.
    static let maximumSequence = 1_000_000_000_000

    var room: String
    /// The number of the virtual user that sent it.
    var sender: Int
    /// From 1, without gaps, for each sender and room.
    var sequence: Int
    /// When the message was sent, in nanoseconds since the run began.
    var sentAtNanoseconds: Int64

    init(room: String, sender: Int, sequence: Int, sentAtNanoseconds: Int64) {
        self.room = room
        self.sender = sender
        self.sequence = sequence
        self.sentAtNanoseconds = sentAtNanoseconds
    }

    /// The room in bytes that no server changes: letters, digits and `-_./` as they are, all others percent-encoded. A long one is cut and
    /// gets a hash, to stay distinct.
    private static func encoded(_ room: String) -> String {
        var text = ""
        for byte in room.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += byte < 16 ? "%0" : "%"
                text += String(byte, radix: 16, uppercase: true)
            }
        }
        guard text.utf8.count > Self.maximumRoomBytes else { return text }
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in room.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        var start = text.prefix(Self.maximumRoomBytes - 17)
        if let percent = start.suffix(2).lastIndex(of: "%") { start = start[..<percent] }
        return "\(start)-\(String(hash, radix: 16))"
    }

    private static func decoded(_ bytes: UnsafeRawBufferPointer.SubSequence) -> String {
        guard bytes.contains(UInt8(ascii: "%")) else { return String(decoding: bytes, as: UTF8.self) }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    var text: String { "~dl:\(sender):\(sequence):\(sentAtNanoseconds):\(Self.encoded(room))~" }

    /// The tags within a message's bytes, in their order.
    static func find(in bytes: UnsafeRawBufferPointer) -> [AuditTag] {
        var tags: [AuditTag] = []
        var index = 0
        while index + 8 < bytes.count {
            guard bytes[index] == UInt8(ascii: "~") else {
                index += 1
                continue
            }
            var reader = Reader(bytes: bytes, index: index + 1)
            if reader.take("dl:"), let sender = reader.number(), reader.take(":"), let sequence = reader.number(),
                sequence <= Self.maximumSequence, reader.take(":"),
                let time = reader.number(), reader.take(":"), let room = reader.room()
            {
                tags.append(AuditTag(room: room, sender: sender, sequence: sequence, sentAtNanoseconds: Int64(time)))
                index = reader.index
            } else {
                index += 1
            }
        }
        return tags
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var index: Int

        mutating func take(_ text: String) -> Bool {
            for byte in text.utf8 {
                guard index < bytes.count, bytes[index] == byte else { return false }
                index += 1
            }
            return true
        }

        mutating func number() -> Int? {
            var value = 0
            var digits = 0
            while index < bytes.count, case let byte = bytes[index], (0x30...0x39).contains(byte), digits < 18 {
                value = value * 10 + Int(byte - 0x30)
                digits += 1
                index += 1
            }
            return digits > 0 ? value : nil
        }

        mutating func room() -> String? {
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "~") {
                guard index - start <= AuditTag.maximumRoomBytes else { return nil }
                index += 1
            }
            guard index < bytes.count else { return nil }
            defer { index += 1 }
            return AuditTag.decoded(bytes[start..<index])
        }
    }
}
