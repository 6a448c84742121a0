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
        self.writeRESPHeader("*", count: command.arguments.count + 1)
        self.writeRESPBulk(command.name)
        for argument in command.arguments {
            switch argument {
            case .text(let text): self.writeRESPBulk(text)
            case .bytes(let bytes): self.writeRESPBulk(bytes)
            case .integer(let value): self.writeRESPBulk(String(value))
            case .double(let value): self.writeRESPBulk(RESPNumber.text(value))
            }
        }
    }

    /// Appends a value as a server sends it. Version 2 has no maps, sets, doubles and booleans: they become what Redis sends there.
    public mutating func writeRESP(_ value: RESPValue, version: RESPVersion = .three) {
        switch value {
        case .null: self.writeStaticString(version == .three ? "_\r\n" : "$-1\r\n")
        case .simpleString(let text): self.writeRESPLine("+", text)
        case .error(let error): self.writeRESPLine("-", error.message)
        case .integer(let value): self.writeRESPLine(":", String(value))
        case .bulkString(let bytes): self.writeRESPBulk(bytes)
        case .verbatimString(let format, let bytes):
            guard version == .three else { return self.writeRESPBulk(bytes) }
            self.writeRESPHeader("=", count: bytes.readableBytes + 4)
            self.writeString(format + ":")
            self.writeImmutableBuffer(bytes)
            self.writeStaticString("\r\n")
        case .double(let value):
            if version == .three { self.writeRESPLine(",", RESPNumber.text(value)) } else { self.writeRESPBulk(RESPNumber.text(value)) }
        case .boolean(let value):
            if version == .three { self.writeStaticString(value ? "#t\r\n" : "#f\r\n") } else { self.writeRESPLine(":", value ? "1" : "0") }
        case .bigNumber(let digits):
            if version == .three { self.writeRESPLine("(", digits) } else { self.writeRESPBulk(digits) }
        case .array(let elements): self.writeRESP(elements, type: "*", version)
        case .set(let elements): self.writeRESP(elements, type: version == .three ? "~" : "*", version)
        case .push(let elements): self.writeRESP(elements, type: version == .three ? ">" : "*", version)
        case .map(let pairs):
            if version == .three {
                self.writeRESPHeader("%", count: pairs.count)
            } else {
                self.writeRESPHeader("*", count: pairs.count * 2)
            }
            for pair in pairs {
                self.writeRESP(pair.key, version: version)
                self.writeRESP(pair.value, version: version)
            }
        }
    }

    private mutating func writeRESP(_ elements: [RESPValue], type: StaticString, _ version: RESPVersion) {
        self.writeRESPHeader(type, count: elements.count)
        for element in elements { self.writeRESP(element, version: version) }
    }

    private mutating func writeRESPHeader(_ type: StaticString, count: Int) {
        self.writeStaticString(type)
        self.writeString(String(count))
        self.writeStaticString("\r\n")
    }

    /// A line ends at its first line end, so one within the text becomes a space: nobody can forge a reply with it.
    private mutating func writeRESPLine(_ type: StaticString, _ text: String) {
        self.writeStaticString(type)
        if text.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A }) {
            self.writeBytes(text.utf8.map { $0 == 0x0D || $0 == 0x0A ? 0x20 : $0 })
        } else {
            self.writeString(text)
        }
        self.writeStaticString("\r\n")
    }

    private mutating func writeRESPBulk(_ text: String) {
        self.writeRESPHeader("$", count: text.utf8.count)
        self.writeString(text)
        self.writeStaticString("\r\n")
    }

    private mutating func writeRESPBulk(_ bytes: ByteBuffer) {
        self.writeRESPHeader("$", count: bytes.readableBytes)
        self.writeImmutableBuffer(bytes)
        self.writeStaticString("\r\n")
    }
}
