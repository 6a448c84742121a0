import CoreTestSupport
import NIOCore
import RedisCore
import Testing

@Suite("Reading RESP")
struct RESPDecodingTests {
    static let vectors: [(String, RESPValue)] = [
        ("+OK\r\n", .simpleString("OK")),
        ("+\r\n", .simpleString("")),
        ("-ERR unknown command 'x'\r\n", .error(RESPErrorReply("ERR unknown command 'x'"))),
        (":0\r\n", .integer(0)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":+9223372036854775807\r\n", .integer(.max)),
        ("$5\r\na\r\nbc\r\n", .text("a\r\nbc")),
        ("$0\r\n\r\n", .text("")),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("*0\r\n", .array([])),
        ("*3\r\n:1\r\n$1\r\nx\r\n*2\r\n+a\r\n_\r\n", .array([.integer(1), .text("x"), .array([.simpleString("a"), .null])])),
        (",3.25\r\n", .double(3.25)),
        (",10\r\n", .double(10)),
        (",-1e-7\r\n", .double(-1e-7)),
        (",inf\r\n", .double(.infinity)),
        (",-inf\r\n", .double(-.infinity)),
        ("#t\r\n", .boolean(true)),
        ("#f\r\n", .boolean(false)),
        ("!21\r\nSYNTAX invalid syntax\r\n", .error(RESPErrorReply("SYNTAX invalid syntax"))),
        ("=8\r\ntxt:a\r\nb\r\n", .verbatimString(format: "txt", ByteBuffer(string: "a\r\nb"))),
        ("(3492890328409238509324850943850943825024385\r\n", .bigNumber("3492890328409238509324850943850943825024385")),
        ("%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n", .map([RESPPair(.simpleString("a"), .integer(1)), RESPPair(.simpleString("b"), .map([]))])),
        ("~2\r\n+a\r\n~0\r\n", .set([.simpleString("a"), .set([])])),
        (">3\r\n+message\r\n+c\r\n+p\r\n", .push([.simpleString("message"), .simpleString("c"), .simpleString("p")])),
        // An attribute speaks about the value after it, and is dropped wherever it stands.
        ("|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:9\r\n:2\r\n", .array([.integer(1), .integer(2)])),
        ("|0\r\n:7\r\n", .integer(7)),
    ]

    @Test("each kind of value, whole and split at every byte", arguments: vectors.indices)
    func vector(index: Int) {
        let (text, value) = Self.vectors[index]
        let count = text.utf8.count
        for piece in 1...count {
            #expect(decode(text + text, piece: piece) == .success([value, value]), "\(text.debugDescription) in pieces of \(piece)")
        }
    }

    @Test("not a number is read")
    func notANumber() throws {
        guard case .double(let value)? = try decode(",nan\r\n").get().first else { throw RESPProtocolError(.invalidNumber) }
        #expect(value.isNaN)
    }

    @Test(
        "what is no RESP is refused, whole and byte by byte, and for good",
        arguments: [
            ("\r\n", .invalidLine), ("OK\r\n", .unknownType), ("+a\n", .invalidLine), ("+a\rb\r\n", .invalidLine),
            (":\r\n", .invalidNumber),
            (":1a\r\n", .invalidNumber), (":9223372036854775808\r\n", .invalidNumber), (":-9223372036854775809\r\n", .invalidNumber),
            (":--1\r\n", .invalidNumber), ("$\r\n", .invalidLength), ("$-2\r\n", .invalidLength), ("$ 1\r\n", .invalidLength),
            ("$+1\r\n", .invalidLength), ("$99999999999999999999\r\n", .invalidLength), ("*-2\r\n", .invalidLength),
            ("%-1\r\n", .invalidLength), ("~-1\r\n", .invalidLength), (">-1\r\n", .invalidLength), ("$1\r\nab\r\n", .missingLineEnd),
            ("$1\r\na\n\n", .missingLineEnd), ("#x\r\n", .invalidBoolean), ("#tt\r\n", .invalidBoolean), ("#\r\n", .invalidBoolean),
            (",\r\n", .invalidNumber), (",0x1p3\r\n", .invalidNumber), (",1,5\r\n", .invalidNumber), (",infinity\r\n", .invalidNumber),
            ("(\r\n", .invalidNumber), ("(1.5\r\n", .invalidNumber), ("(--5\r\n", .invalidNumber),
            ("=3\r\ntxt\r\n", .invalidVerbatimString),
            ("=4\r\ntext\r\n", .invalidVerbatimString), ("_x\r\n", .invalidLine), ("$?\r\n", .streamedValue), ("*?\r\n", .streamedValue),
            ("*1\r\n>1\r\n:1\r\n", .nestedPush),
        ] as [(String, RESPProtocolError.Code)])
    func violations(text: String, code: RESPProtocolError.Code) {
        #expect(decode(text) == .failure(RESPProtocolError(code)))
        #expect(decode(text, piece: 1) == .failure(RESPProtocolError(code)))
        var decoder = RESPDecoder()
        decoder.append(ByteBuffer(string: text))
        #expect(throws: RESPProtocolError(code)) { try decoder.next() }
        decoder.append(ByteBuffer(string: "+OK\r\n"))
        #expect(throws: RESPProtocolError(code)) { try decoder.next() }
    }

    @Test("limits hold at n and break at n + 1")
    func limits() {
        let limits = RESPLimits(maximumDepth: 3, maximumBulkBytes: 10, maximumLineBytes: 8, maximumElements: 6, maximumValueBytes: 60)
        func verdict(_ text: String) -> RESPProtocolError.Code? {
            switch decode(text, limits: limits) {
            case .success: nil
            case .failure(let error): error.code
            }
        }
        #expect(verdict("*1\r\n*1\r\n*1\r\n:1\r\n") == nil)
        #expect(verdict("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n") == .tooDeep)
        #expect(verdict("$10\r\n0123456789\r\n") == nil)
        #expect(verdict("$11\r\n") == .bulkTooLong)
        #expect(verdict("!11\r\n") == .bulkTooLong)
        #expect(verdict("+12345678\r\n") == nil)
        #expect(verdict("+123456789\r\n") == .lineTooLong)
        #expect(verdict("+1234567890") == .lineTooLong)
        #expect(verdict("*6\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n") == nil)
        #expect(verdict("*7\r\n") == .tooManyElements)
        #expect(verdict("%3\r\n" + String(repeating: ":1\r\n", count: 6)) == nil)
        #expect(verdict("%4\r\n") == .tooManyElements)
        // The elements of all levels are counted together, and anew for each value.
        #expect(verdict("*2\r\n*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n") == nil)
        #expect(verdict("*2\r\n*5\r\n") == .tooManyElements)
        #expect(verdict("*6\r\n" + String(repeating: ":1\r\n", count: 6) + "*6\r\n") == nil)
        // 4 + 2 × 17 + 4 + 18 = 60 bytes.
        let fields = String(repeating: "$10\r\n0123456789\r\n", count: 3)
        #expect(verdict("*3\r\n" + fields + "*0\r\n") == nil)
        #expect(verdict("*4\r\n" + fields + "$1\r\nx\r\n") == .valueTooLong)
    }

    @Test("an announced length reserves nothing")
    func announcements() throws {
        var decoder = RESPDecoder()
        decoder.append(ByteBuffer(string: "*1048576\r\n$67108864\r\n"))
        #expect(try decoder.next() == nil)
        #expect(decoder.bufferedByteCount == 0)
    }

    @Test("a long value that comes byte by byte costs each byte once", .timeLimit(.minutes(10)))
    func proportionalCost() throws {
        // Scanning from the start again would take 2 × 10¹⁰ steps for either.
        let count = 200_000
        var decoder = RESPDecoder(limits: RESPLimits(maximumLineBytes: count))
        for text in ["+" + String(repeating: "a", count: count) + "\r\n", "$\(count)\r\n" + String(repeating: "b", count: count) + "\r\n"] {
            var values: [RESPValue] = []
            for byte in text.utf8 {
                decoder.append(ByteBuffer(bytes: [byte]))
                if let value = try decoder.next() { values.append(value) }
            }
            #expect(values.first?.text?.utf8.count == count)
        }
        // And many small values behind one another.
        decoder.append(ByteBuffer(string: String(repeating: ":1\r\n", count: count)))
        var sum: Int64 = 0
        while let value = try decoder.next() { sum += value.integer ?? 0 }
        #expect(sum == Int64(count))
    }
}

@Suite("Writing RESP, and reading it again")
struct RESPRoundTripTests {
    @Test("any value reads back as itself, in pieces of any size", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<3).map { _ in RESPValue.random(depth: 4, using: &generator) }
        var bytes = ByteBuffer()
        for value in values { bytes.writeRESP(value) }
        #expect(decode(bytes, piece: Int.random(in: 1...40, using: &generator)) == .success(values))
        #expect(decode(bytes, piece: 1) == .success(values))
    }

    @Test("random bytes never stop the reader, and pieces change nothing", arguments: 0..<500 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var text = ByteBuffer()
        for _ in 0..<5 { text.writeRESP(.random(depth: 3, using: &generator)) }
        var bytes = Array(text.readableBytesView)
        // Damages a few places with what is likely to mean something.
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0...2, using: &generator) {
            case 0: bytes[place] = Array("+-:$*_,#!=(%~>|\r\n019?".utf8).randomElement(using: &generator) ?? 0
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            }
        }
        let limits = RESPLimits(maximumDepth: 8, maximumBulkBytes: 1_000, maximumElements: 100)
        let whole = decode(ByteBuffer(bytes: bytes), limits: limits)
        #expect(decode(ByteBuffer(bytes: bytes), piece: 1, limits: limits) == whole)
    }

    @Test("version 2 gets what it has")
    func version2() {
        var bytes = ByteBuffer()
        let value = RESPValue.push([
            .null, .boolean(true), .double(1.5), .bigNumber("12"), .verbatimString(format: "txt", ByteBuffer(string: "v")),
            .map([RESPPair(.text("k"), .set([.integer(1)]))]),
        ])
        bytes.writeRESP(value, version: .two)
        #expect(
            String(buffer: bytes) == "*6\r\n$-1\r\n:1\r\n$3\r\n1.5\r\n$2\r\n12\r\n$1\r\nv\r\n*2\r\n$1\r\nk\r\n*1\r\n:1\r\n")
    }

    @Test("a line end within a line forges no reply")
    func injection() {
        var bytes = ByteBuffer()
        bytes.writeRESP(.error(RESPErrorReply("ERR a\r\n+OK")))
        bytes.writeRESP(.simpleString("b\n:1"))
        #expect(decode(bytes) == .success([.error(RESPErrorReply("ERR a  +OK")), .simpleString("b :1")]))
    }

    @Test("a command is an array of bulk strings")
    func command() {
        var bytes = ByteBuffer()
        bytes.writeRESP(RedisCommand("ZADD", "schlüssel", .double(1.5), .bytes(ByteBuffer(bytes: [0, 13, 10])), -7, .double(-.infinity)))
        #expect(
            Array(bytes.readableBytesView)
                == Array("*6\r\n$4\r\nZADD\r\n$10\r\nschlüssel\r\n$3\r\n1.5\r\n$3\r\n\0\r\n\r\n$2\r\n-7\r\n$4\r\n-inf\r\n".utf8))
        #expect(RedisCommand("ZADD", "schlüssel", -7).byteCount >= "*3$4ZADD$10schlüssel$2-7".utf8.count)
    }
}
