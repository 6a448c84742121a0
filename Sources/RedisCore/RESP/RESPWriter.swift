public import NIOCore

/// The version of the protocol that a connection speaks.
public enum RESPVersion: Int, Sendable, Hashable {
    /// Replies only; a subscriber's messages look like replies.
    case two = 2
    /// Maps, sets, doubles, and pushes beside the replies. Since Redis 6.
    case three = 3
}

extension ByteBuffer {
    /// Appends a command: an array of bulk strings in both versions.
    public mutating func writeRESP(_ command: RedisCommand) {
        writeRESPHeader("*", count: command.arguments.count + 1)
        writeRESPBulk(command.name)
        for argument in command.arguments {
            switch argument {
            case .text(let text): writeRESPBulk(text)
            case .bytes(let bytes): writeRESPBulk(bytes)
            case .integer(let value): writeRESPBulk(String(value))
            case .double(let value): writeRESPBulk(RESPNumber.text(value))
            }
        }
    }

    /// Appends a value as a server sends it. Version 2 has no maps, sets, doubles and booleans: they become what Redis sends there.
    public mutating func writeRESP(_ value: RESPValue, version: RESPVersion = .three) {
        switch value {
        case .null: writeStaticString(version == .three ? "_\r\n" : "$-1\r\n")
        case .simpleString(let text): writeRESPLine("+", text)
        case .error(let error): writeRESPLine("-", error.message)
        case .integer(let value): writeRESPLine(":", String(value))
        case .bulkString(let bytes): writeRESPBulk(bytes)
        case .verbatimString(let format, let bytes):
            guard version == .three else { return writeRESPBulk(bytes) }
            writeRESPHeader("=", count: bytes.readableBytes + 4)
            writeString(format + ":")
            writeImmutableBuffer(bytes)
            writeStaticString("\r\n")
        case .double(let value):
            if version == .three { writeRESPLine(",", RESPNumber.text(value)) } else { writeRESPBulk(RESPNumber.text(value)) }
        case .boolean(let value):
            if version == .three { writeStaticString(value ? "#t\r\n" : "#f\r\n") } else { writeRESPLine(":", value ? "1" : "0") }
        case .bigNumber(let digits):
            if version == .three { writeRESPLine("(", digits) } else { writeRESPBulk(digits) }
        case .array(let elements): writeRESP(elements, type: "*", version)
        case .set(let elements): writeRESP(elements, type: version == .three ? "~" : "*", version)
        case .push(let elements): writeRESP(elements, type: version == .three ? ">" : "*", version)
        case .map(let pairs):
            if version == .three {
                writeRESPHeader("%", count: pairs.count)
            } else {
                writeRESPHeader("*", count: pairs.count * 2)
            }
            for pair in pairs {
                writeRESP(pair.key, version: version)
                writeRESP(pair.value, version: version)
            }
        }
    }

    private mutating func writeRESP(_ elements: [RESPValue], type: StaticString, _ version: RESPVersion) {
        writeRESPHeader(type, count: elements.count)
        for element in elements { writeRESP(element, version: version) }
    }

    private mutating func writeRESPHeader(_ type: StaticString, count: Int) {
        writeStaticString(type)
        writeString(String(count))
        writeStaticString("\r\n")
    }

    /// A line ends at its first line end, so one within the text becomes a space: nobody can forge a reply with it.
    private mutating func writeRESPLine(_ type: StaticString, _ text: String) {
        writeStaticString(type)
        if text.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A }) {
            writeBytes(text.utf8.map { $0 == 0x0D || $0 == 0x0A ? 0x20 : $0 })
        } else {
            writeString(text)
        }
        writeStaticString("\r\n")
    }

    private mutating func writeRESPBulk(_ text: String) {
        writeRESPHeader("$", count: text.utf8.count)
        writeString(text)
        writeStaticString("\r\n")
    }

    private mutating func writeRESPBulk(_ bytes: ByteBuffer) {
        writeRESPHeader("$", count: bytes.readableBytes)
        writeImmutableBuffer(bytes)
        writeStaticString("\r\n")
    }
}
