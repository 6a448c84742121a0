import NIOCore

/// The head of an HTTP/1.1 response (RFC 9112 §4 and §5), as far as an opening handshake needs one.
public struct UpgradeResponse: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var status: Int
    public var fields: [Field]

    public init(status: Int, fields: [Field]) {
        self.status = status
        self.fields = fields
    }

    /// The values of all fields of that name, joined as RFC 9110 §5.3 allows; nil: there is none.
    public subscript(name: String) -> String? {
        var joined: String?
        for field in fields where field.name.isSameName(as: name) { joined = joined.map { $0 + ", " + field.value } ?? field.value }
        return joined
    }

    /// Whether a list of tokens holds this one, in whatever case.
    func hasToken(_ token: String, in name: String) -> Bool {
        guard let value = self[name] else { return false }
        return value.split(separator: ",").contains { item in
            String(item.drop { $0 == " " || $0 == "\t" }).lowercased().trimmed == token
        }
    }
}

extension String {
    /// Compares names of fields, whose letters are ASCII's, in whatever case.
    fileprivate func isSameName(as other: String) -> Bool {
        func lowercase(_ byte: UInt8) -> UInt8 { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte }
        return utf8.elementsEqual(other.utf8) { lowercase($0) == lowercase($1) }
    }

    /// Without blanks at the end.
    fileprivate var trimmed: Substring {
        var text = self[...]
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension UpgradeResponse {
    /// What a server may make a client hold before the connection is a WebSocket.
    public struct Limits: Sendable, Hashable {
        /// Bytes of the status line and the fields.
        public var maximumHeadBytes: Int
        public var maximumFields: Int
        /// Bytes of the body of a refusal that are kept, for the error.
        public var maximumBodyBytes: Int

        public init(maximumHeadBytes: Int = 16_384, maximumFields: Int = 100, maximumBodyBytes: Int = 16_384) {
            self.maximumHeadBytes = maximumHeadBytes
            self.maximumFields = maximumFields
            self.maximumBodyBytes = maximumBodyBytes
        }
    }

    /// Takes a head from the front of `input`.
    ///
    /// - Returns: nil: more bytes are due; nothing was consumed.
    static func read(_ input: inout ByteBuffer, limits: Limits) throws(WebSocketHandshakeError) -> UpgradeResponse? {
        let length = input.withUnsafeReadableBytes { Self.headBytes($0, limit: limits.maximumHeadBytes) }
        guard let length else {
            guard input.readableBytes <= limits.maximumHeadBytes else { throw .headTooBig }
            return nil
        }
        guard length <= limits.maximumHeadBytes else { throw .headTooBig }
        let response = input.withUnsafeReadableBytes { bytes in
            Result { () throws(WebSocketHandshakeError) in try Self.response(bytes[..<length], limits: limits) }
        }
        input.moveReaderIndex(forwardBy: length)
        switch response {
        case .success(let response): return response
        case .failure(let error): throw error
        }
    }

    /// Reads a head that ends with its empty line, without a copy of it or of its lines.
    private static func response(
        _ head: Slice<UnsafeRawBufferPointer>, limits: Limits
    ) throws(WebSocketHandshakeError) -> UpgradeResponse {
        var rest = head
        var status: Int?
        var fields: [Field] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            var line = rest[..<end]
            rest = rest[(end + 1)...]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if status == nil {
                status = try Self.status(line)
            } else if !line.isEmpty {
                guard fields.count < limits.maximumFields else { throw .tooManyFields }
                fields.append(try Self.field(line))
            }
        }
        guard let status else { throw .malformedResponse }
        return UpgradeResponse(status: status, fields: fields)
    }

    /// The bytes up to the empty line, which it includes.
    private static func headBytes(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Int? {
        var lineStart = 0
        for index in 0..<min(bytes.count, limit + 1) where bytes[index] == UInt8(ascii: "\n") {
            let isEmpty = index == lineStart || (index == lineStart + 1 && bytes[lineStart] == UInt8(ascii: "\r"))
            if isEmpty, lineStart > 0 { return index + 1 }
            lineStart = index + 1
        }
        return nil
    }

    private static func status(_ line: Slice<UnsafeRawBufferPointer>) throws(WebSocketHandshakeError) -> Int {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].elementsEqual("HTTP/1.1".utf8) || words[0].elementsEqual("HTTP/1.0".utf8), words[1].count == 3,
            let status = Int(String(decoding: words[1], as: UTF8.self)), (100...599).contains(status)
        else { throw .malformedResponse }
        return status
    }

    private static func field(_ line: Slice<UnsafeRawBufferPointer>) throws(WebSocketHandshakeError) -> Field {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(HeaderReader.isTokenByte)
        else { throw .malformedResponse }
        var value = line[line.index(after: colon)...]
        while value.first == 0x20 || value.first == 0x09 { value.removeFirst() }
        while value.last == 0x20 || value.last == 0x09 { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 || $0 == 0x09 }) else { throw .malformedResponse }
        return Field(name: String(decoding: line[..<colon], as: UTF8.self), value: String(decoding: value, as: UTF8.self))
    }
}
