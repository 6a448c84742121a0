/// The three bits of a frame's header that belong to extensions (RFC 6455 §5.2). An endpoint refuses those that it did not negotiate.
public struct WebSocketReservedBits: OptionSet, Sendable, Hashable {
    public var rawValue: UInt8

    /// - Parameter rawValue: the bits as they stand in a frame's first byte.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x70 }

    /// Marks the first frame of a compressed message (RFC 7692 §6).
    public static let rsv1 = WebSocketReservedBits(rawValue: 0x40)
    public static let rsv2 = WebSocketReservedBits(rawValue: 0x20)
    public static let rsv3 = WebSocketReservedBits(rawValue: 0x10)
}

/// One extension with its parameters, as `Sec-WebSocket-Extensions` names it (RFC 6455 §9.1).
public struct WebSocketExtension: Sendable, Hashable {
    public struct Parameter: Sendable, Hashable {
        public var name: String
        /// Without the quotes; nil for a parameter that is a name only.
        public var value: String?

        public init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    public var name: String
    public var parameters: [Parameter]

    public init(_ name: String, parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }

    /// Extensions that one header may name; a longer list is malformed.
    public static let maximumExtensions = 16
    /// Parameters that one extension may have.
    public static let maximumParameters = 16

    /// Reads the value of `Sec-WebSocket-Extensions`; several such headers are joined with commas.
    ///
    /// - Returns: nil: it is malformed. RFC 6455 §9.1 then wants the connection failed.
    public static func parse(_ header: some StringProtocol) -> [WebSocketExtension]? {
        var reader = HeaderReader(header)
        var extensions: [WebSocketExtension] = []
        while true {
            guard extensions.count < maximumExtensions, let name = reader.token() else { return nil }
            var one = WebSocketExtension(name)
            while reader.take(UInt8(ascii: ";")) {
                guard one.parameters.count < maximumParameters, let name = reader.token() else { return nil }
                var parameter = Parameter(name)
                if reader.take(UInt8(ascii: "=")) {
                    guard let value = reader.value() else { return nil }
                    parameter.value = value
                }
                one.parameters.append(parameter)
            }
            extensions.append(one)
            if reader.isAtEnd { return extensions }
            guard reader.take(UInt8(ascii: ",")) else { return nil }
        }
    }
}

extension WebSocketExtension: CustomStringConvertible {
    /// As it stands in a header.
    public var description: String {
        parameters.reduce(into: name) { text, parameter in
            text += "; \(parameter.name)"
            if let value = parameter.value { text += "=\(value)" }
        }
    }
}

/// Reads tokens and quoted strings of a header (RFC 9110 §5.6).
struct HeaderReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ header: some StringProtocol) {
        bytes = Array(header.utf8)
        skipSpace()
    }

    var isAtEnd: Bool { position == bytes.count }

    /// Takes a delimiter and the white space around it.
    mutating func take(_ delimiter: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == delimiter else { return false }
        position += 1
        skipSpace()
        return true
    }

    mutating func token() -> String? {
        let start = position
        while position < bytes.count, Self.isTokenByte(bytes[position]) { position += 1 }
        guard position > start else { return nil }
        defer { skipSpace() }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A token, or a quoted string whose content is a token: RFC 6455 §9.1 allows no other.
    mutating func value() -> String? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return token() }
        position += 1
        var value: [UInt8] = []
        while position < bytes.count {
            var byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard !value.isEmpty else { return nil }
                skipSpace()
                return String(decoding: value, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                guard position < bytes.count else { return nil }
                byte = bytes[position]
                position += 1
            }
            guard Self.isTokenByte(byte) else { return nil }
            value.append(byte)
        }
        return nil
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
            position += 1
        }
    }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
