/// The marker that a message carries through the server: `~dl:SENDER:SEQUENCE:NANOSECONDS:ROOM~`. It is found in any received message by
/// its first four characters, wherever the server puts the text.
struct AuditTag: Sendable, Hashable {
    static let beginning: StaticString = "~dl:"
    /// Longer rooms are cut in the tag.
    static let maximumRoomBytes = 128

    var room: String
    /// Which virtual user sent it.
    var sender: Int
    /// From 1, without gaps, for each sender and room.
    var sequence: Int
    /// Since the run began.
    var sentAtNanoseconds: Int64

    init(room: String, sender: Int, sequence: Int, sentAtNanoseconds: Int64) {
        self.room = String(
            room.unicodeScalars.filter { $0.isASCII && $0 != "~" && $0 != "\"" && $0 != "\\" && $0.value > 0x20 }.prefix(
                Self.maximumRoomBytes
            ).map(Character.init))
        self.sender = sender
        self.sequence = sequence
        self.sentAtNanoseconds = sentAtNanoseconds
    }

    var text: String { "~dl:\(self.sender):\(self.sequence):\(self.sentAtNanoseconds):\(self.room)~" }

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
            if reader.take("dl:"), let sender = reader.number(), reader.take(":"), let sequence = reader.number(), reader.take(":"),
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
                guard self.index < self.bytes.count, self.bytes[self.index] == byte else { return false }
                self.index += 1
            }
            return true
        }

        mutating func number() -> Int? {
            var value = 0
            var digits = 0
            while self.index < self.bytes.count, case let byte = self.bytes[self.index], (0x30...0x39).contains(byte), digits < 18 {
                value = value * 10 + Int(byte - 0x30)
                digits += 1
                self.index += 1
            }
            return digits > 0 ? value : nil
        }

        mutating func room() -> String? {
            let start = self.index
            while self.index < self.bytes.count, self.bytes[self.index] != UInt8(ascii: "~") {
                guard self.index - start < AuditTag.maximumRoomBytes else { return nil }
                self.index += 1
            }
            guard self.index < self.bytes.count else { return nil }
            defer { self.index += 1 }
            return String(decoding: self.bytes[start..<self.index], as: UTF8.self)
        }
    }
}
