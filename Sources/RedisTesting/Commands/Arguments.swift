import NIOCore
import RedisCore

/// Why a command fails, worded as Redis does.
struct CommandFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }

    static let syntax = CommandFailure("ERR syntax error")
    static let notInteger = CommandFailure("ERR value is not an integer or out of range")
    static let notFloat = CommandFailure("ERR value is not a valid float")
    static let wrongType = CommandFailure("WRONGTYPE Operation against a key holding the wrong kind of value")
}

/// A command's arguments without its name, taken one after the other.
struct Arguments {
    let command: String
    private(set) var rest: ArraySlice<Bytes>

    init(_ command: String, _ arguments: some Sequence<Bytes>) {
        self.command = command
        rest = Array(arguments)[...]
    }

    var isEmpty: Bool { rest.isEmpty }
    var count: Int { rest.count }

    mutating func next() throws(CommandFailure) -> Bytes {
        guard let first = rest.popFirst() else {
            throw CommandFailure("ERR wrong number of arguments for '\(command)' command")
        }
        return first
    }

    mutating func nextText() throws(CommandFailure) -> String { String(decoding: try next(), as: UTF8.self) }

    mutating func nextInteger() throws(CommandFailure) -> Int64 {
        guard let value = Int64(try nextText()) else { throw .notInteger }
        return value
    }

    mutating func nextDouble() throws(CommandFailure) -> Double {
        guard let value = Self.double(try nextText()) else { throw .notFloat }
        return value
    }

    /// Takes a keyword if it comes next, in any case.
    mutating func take(_ keyword: String) -> Bool {
        guard let first = rest.first, String(decoding: first, as: UTF8.self).uppercased() == keyword else { return false }
        rest.removeFirst()
        return true
    }

    mutating func takeAll() -> [Bytes] {
        defer { rest = [] }
        return Array(rest)
    }

    func end() throws(CommandFailure) {
        guard rest.isEmpty else { throw .syntax }
    }

    static func double(_ text: String) -> Double? {
        RESPValue.text(text).double.flatMap { $0.isNaN ? nil : $0 }
    }
}

extension RESPValue {
    static let ok = RESPValue.simpleString("OK")

    static func bytes(_ bytes: Bytes) -> RESPValue { .bulkString(ByteBuffer(bytes: bytes)) }
    static func optional(_ bytes: Bytes?) -> RESPValue { bytes.map(RESPValue.bytes) ?? .null }
    static func count(_ count: Int) -> RESPValue { .integer(Int64(count)) }
    static func error(_ message: String) -> RESPValue { .error(RESPErrorReply(message)) }

    /// As version 2 shows it, which is also what a script's `redis.call` returns.
    var inVersion2: RESPValue {
        switch self {
        case .map(let pairs): .array(pairs.flatMap { [$0.key.inVersion2, $0.value.inVersion2] })
        case .set(let elements), .array(let elements), .push(let elements): .array(elements.map(\.inVersion2))
        case .boolean(let value): .integer(value ? 1 : 0)
        case .double: .bulkString(RedisArgument.double(double ?? 0).encoded)
        case .verbatimString(_, let bytes): .bulkString(bytes)
        case .bigNumber(let digits): .text(digits)
        case .null, .simpleString, .error, .integer, .bulkString: self
        }
    }
}

/// Whether the commands of a table run, and what they need.
struct DataCommand: Sendable {
    /// What a command works on.
    struct Context {
        var keyspace: Keyspace
        let now: Int64
        let version: RESPVersion
        /// Streams to which something was added: readers may wait for them.
        var touched: [Bytes] = []
    }

    typealias Body = @Sendable (inout Context, inout Arguments) throws(CommandFailure) -> RESPValue

    let minimumArguments: Int
    let maximumArguments: Int
    let body: Body

    init(_ arguments: ClosedRange<Int>, _ body: @escaping Body) {
        minimumArguments = arguments.lowerBound
        maximumArguments = arguments.upperBound
        self.body = body
    }

    init(_ arguments: PartialRangeFrom<Int>, _ body: @escaping Body) {
        self.init(arguments.lowerBound...Int.max, body)
    }

    static let all: [String: DataCommand] = [strings, keys, hashes, sets, sortedSets, streams].reduce(into: [:]) {
        $0.merge($1) { one, _ in one }
    }
}

extension DataCommand.Context {
    // Each reads or changes the value of one type, and refuses another type.

    func string(_ key: Bytes) throws(CommandFailure) -> Bytes? {
        switch keyspace.data(key, at: now) {
        case nil: return nil
        case .string(let bytes): return bytes
        default: throw .wrongType
        }
    }

    func hash(_ key: Bytes) throws(CommandFailure) -> [Bytes: Bytes] {
        switch keyspace.data(key, at: now) {
        case nil: return [:]
        case .hash(let fields): return fields
        default: throw .wrongType
        }
    }

    func set(_ key: Bytes) throws(CommandFailure) -> Set<Bytes> {
        switch keyspace.data(key, at: now) {
        case nil: return []
        case .set(let members): return members
        default: throw .wrongType
        }
    }

    func sortedSet(_ key: Bytes) throws(CommandFailure) -> SortedSet {
        switch keyspace.data(key, at: now) {
        case nil: return SortedSet()
        case .sortedSet(let members): return members
        default: throw .wrongType
        }
    }

    func stream(_ key: Bytes) throws(CommandFailure) -> StreamData? {
        switch keyspace.data(key, at: now) {
        case nil: return nil
        case .stream(let stream): return stream
        default: throw .wrongType
        }
    }

    mutating func changeHash<Value>(_ key: Bytes, _ body: (inout [Bytes: Bytes]) throws(CommandFailure) -> Value) throws(CommandFailure)
        -> Value
    {
        var fields = try hash(key)
        _ = keyspace.take(key, at: now)
        defer { keyspace.put(key, .hash(fields)) }
        return try body(&fields)
    }

    mutating func changeSet<Value>(_ key: Bytes, _ body: (inout Set<Bytes>) -> Value) throws(CommandFailure) -> Value {
        var members = try set(key)
        _ = keyspace.take(key, at: now)
        defer { keyspace.put(key, .set(members)) }
        return body(&members)
    }

    mutating func changeSortedSet<Value>(
        _ key: Bytes, _ body: (inout SortedSet) throws(CommandFailure) -> Value
    ) throws(CommandFailure) -> Value {
        var members = try sortedSet(key)
        _ = keyspace.take(key, at: now)
        defer { keyspace.put(key, .sortedSet(members)) }
        return try body(&members)
    }

    mutating func changeStream<Value>(
        _ key: Bytes, _ body: (inout StreamData) throws(CommandFailure) -> Value
    ) throws(CommandFailure) -> Value? {
        guard var stream = try self.stream(key) else { return nil }
        _ = keyspace.take(key, at: now)
        defer { keyspace.put(key, .stream(stream)) }
        return try body(&stream)
    }
}
