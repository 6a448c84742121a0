import NIOHTTP1

/// Reads a request for a WebSocket, as browsers and clients write it, straight from its bytes. The HTTP parser and its handlers would be
/// most of a connection's cost.
///
/// It takes a request only if there is one way to read it. Everything else, including legal but rare forms, is ``Reading/other`` and left
/// to the HTTP parser.
enum PlainRequest {
    enum Reading: Equatable {
        /// A GET with the fields of a WebSocket handshake, and its length in bytes.
        case upgrade(HTTPRequestHead, length: Int)
        /// The beginning of what could be such a request.
        case incomplete
        case other
    }

    /// Longer ones go to the HTTP parser, which knows the server's limits.
    static let maximumBytes = 4 * 1024
    static let maximumFields = 64

    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var reader = Reader(bytes: bytes)
        do throws(Stop) {
            return .upgrade(try reader.head(), length: reader.position)
        } catch {
            return error == .incomplete && bytes.count < maximumBytes ? .incomplete : .other
        }
    }

    private enum Stop: Error {
        case incomplete
        case other
    }

    private typealias Word = Slice<UnsafeRawBufferPointer>

    /// The handshake's fields that have come. A repeated one is ambiguous.
    private struct Fields {
        private var hasHost = false
        private var hasUpgrade = false
        private var hasConnection = false

        var isComplete: Bool { hasHost && hasUpgrade && hasConnection }

        mutating func take(_ name: Word, _ value: Word) throws(Stop) {
            switch name.count {
            case 4 where ASCIIText.equals(name, "host"): try note(&hasHost)
            case 7 where ASCIIText.equals(name, "upgrade"):
                try note(&hasUpgrade)
                guard ASCIIText.equals(value, "websocket") else { throw .other }
            case 10 where ASCIIText.equals(name, "connection"):
                try note(&hasConnection)
                guard PlainRequest.isUpgrade(value) else { throw .other }
            // They announce a body, ask for an interim answer, or affect the life of the connection.
            case 6 where ASCIIText.equals(name, "expect"), 14 where ASCIIText.equals(name, "content-length"),
                16 where ASCIIText.equals(name, "proxy-connection"), 17 where ASCIIText.equals(name, "transfer-encoding"):
                throw .other
            default: break
            }
        }

        private func note(_ isSeen: inout Bool) throws(Stop) {
            guard !isSeen else { throw .other }
            isSeen = true
        }
    }

    /// Whether a field `Connection` has this option, and no other one but `keep-alive`.
    private static func isUpgrade(_ value: Word) -> Bool {
        ASCIIText.equals(value, "upgrade") || ASCIIText.equals(value, "keep-alive, upgrade")
            || ASCIIText.equals(value, "upgrade, keep-alive")
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        private(set) var position = 0

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func head() throws(Stop) -> HTTPRequestHead {
            try expect("GET /")
            position -= 1
            let target = try word(while: Reader.isTargetByte)
            try expect(" HTTP/1.1\r\n")
            var headers: [(String, String)] = []
            headers.reserveCapacity(8)
            var fields = Fields()
            while try !takesEnd() {
                let name = try word(while: Reader.isNameByte)
                try expect(": ")
                let value = try word(while: Reader.isValueByte)
                try expect("\r\n")
                // Parsers disagree about blanks at the ends of a value.
                guard value.first != 0x20, value.last != 0x20, headers.count < PlainRequest.maximumFields else { throw .other }
                try fields.take(name, value)
                headers.append((Reader.string(name), Reader.string(value)))
            }
            guard fields.isComplete, position <= PlainRequest.maximumBytes else { throw .other }
            return HTTPRequestHead(version: .http1_1, method: .GET, uri: Reader.string(target), headers: HTTPHeaders(headers))
        }

        /// Takes an empty line, if there is one here.
        private mutating func takesEnd() throws(Stop) -> Bool {
            guard position < bytes.count else { throw .incomplete }
            guard bytes[position] == UInt8(ascii: "\r") else { return false }
            try expect("\r\n")
            return true
        }

        private mutating func expect(_ text: StaticString) throws(Stop) {
            for index in 0..<text.utf8CodeUnitCount {
                guard position < bytes.count else { throw .incomplete }
                guard bytes[position] == text.utf8Start[index] else { throw .other }
                position += 1
            }
        }

        /// Takes at least one byte. The byte that ends it is not taken.
        private mutating func word(while isPart: (UInt8) -> Bool) throws(Stop) -> Word {
            let start = position
            while position < bytes.count, isPart(bytes[position]) { position += 1 }
            guard position < bytes.count else { throw .incomplete }
            guard position > start else { throw .other }
            return bytes[start..<position]
        }

        private static func string(_ word: Word) -> String {
            String(decoding: UnsafeRawBufferPointer(rebasing: word), as: UTF8.self)
        }

        /// The characters of a path and a query (RFC 3986 §3.3, §3.4).
        private static func isTargetByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "="), UInt8(ascii: "&"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: ","),
                UInt8(ascii: "@"), UInt8(ascii: "!"), UInt8(ascii: "*"), UInt8(ascii: ";"):
                true
            default: false
            }
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }

        private static func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }
    }
}
