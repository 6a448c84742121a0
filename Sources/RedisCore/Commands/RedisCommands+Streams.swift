public import NIOCore

/// An entry of a stream.
public struct RedisStreamEntry: Sendable, Hashable {
    /// `milliseconds-number`.
    public let id: String
    /// Fields and values in their order; a name may be repeated.
    public let fields: [(name: String, value: ByteBuffer)]

    public init(id: String, fields: [(name: String, value: ByteBuffer)]) {
        self.id = id
        self.fields = fields
    }

    /// The first field with a name.
    public subscript(name: String) -> ByteBuffer? { self.fields.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    public static func == (one: Self, other: Self) -> Bool {
        one.id == other.id && one.fields.elementsEqual(other.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(self.id) }

    /// nil: not the shape of an entry. One that was deleted while it was pending has no fields.
    init?(_ value: RESPValue) {
        guard let parts = value.elements, parts.count == 2, let id = parts[0].text else { return nil }
        var fields: [(name: String, value: ByteBuffer)] = []
        if !parts[1].isNull {
            guard let pairs = parts[1].pairs else { return nil }
            for pair in pairs {
                guard let name = pair.key.text, let value = pair.value.bytes else { return nil }
                fields.append((name, value))
            }
        }
        self.init(id: id, fields: fields)
    }
}

extension RedisCommands {
    /// - Parameter maximumLength: trims the stream to about so many entries.
    /// - Returns: the entry's id.
    @discardableResult
    public func addToStream(
        _ key: String, _ fields: [(String, RedisArgument)], maximumLength: Int? = nil
    ) async throws(RedisError) -> String {
        let command = RedisCommand.addToStream(key, fields, maximumLength: maximumLength)
        let reply = try await self.reply(to: command)
        guard let id = reply.value.text else { throw reply.unexpected }
        return id
    }

    public func streamLength(_ key: String) async throws(RedisError) -> Int {
        try await self.reply(to: RedisCommand("XLEN", .text(key))).integer()
    }

    /// - Parameters:
    ///   - first: an id, `-` for the first there is, or `(id` for what comes after it.
    ///   - last: an id, or `+` for the last there is.
    public func streamRange(
        _ key: String, from first: String = "-", through last: String = "+", count: Int? = nil
    ) async throws(RedisError) -> [RedisStreamEntry] {
        var arguments: [RedisArgument] = [.text(key), .text(first), .text(last)]
        if let count { arguments += ["COUNT", .integer(Int64(count))] }
        return try Self.entries(try await self.reply(to: RedisCommand("XRANGE", arguments: arguments)))
    }

    /// What comes after an id, in one stream; it waits for it if told to.
    ///
    /// - Parameters:
    ///   - id: `$` for what comes after the call only.
    ///   - waiting: at most so long; nil: not at all. Use a client that does nothing else.
    public func readStream(
        _ key: String, after id: String, count: Int? = nil, waiting: Duration? = nil
    ) async throws(RedisError) -> [RedisStreamEntry] {
        var arguments: [RedisArgument] = []
        if let count { arguments += ["COUNT", .integer(Int64(count))] }
        if let waiting { arguments += ["BLOCK", .integer(max(1, waiting.wholeMilliseconds))] }
        let command = RedisCommand("XREAD", arguments: arguments + ["STREAMS", .text(key), .text(id)])
        return try Self.entriesOfFirstStream(try await self.reply(to: command, timeout: waiting.map { $0 + .seconds(5) }))
    }

    // MARK: Groups

    /// Makes a group that reads what comes after an id, and the stream if there is none. One that exists stays as it is.
    public func createGroup(_ group: String, of key: String, after id: String = "$") async throws(RedisError) {
        do throws(RedisError) {
            _ = try await self.send("XGROUP", "CREATE", .text(key), .text(group), .text(id), "MKSTREAM")
        } catch {
            guard error.reply?.kind == "BUSYGROUP" else { throw error }
        }
    }

    /// Entries that nobody of the group has read yet; they are pending until ``acknowledge(_:of:in:)``.
    public func readGroup(
        _ group: String, consumer: String, of key: String, count: Int? = nil, waiting: Duration? = nil
    ) async throws(RedisError) -> [RedisStreamEntry] {
        var arguments: [RedisArgument] = ["GROUP", .text(group), .text(consumer)]
        if let count { arguments += ["COUNT", .integer(Int64(count))] }
        if let waiting { arguments += ["BLOCK", .integer(max(1, waiting.wholeMilliseconds))] }
        let command = RedisCommand("XREADGROUP", arguments: arguments + ["STREAMS", .text(key), ">"])
        return try Self.entriesOfFirstStream(try await self.reply(to: command, timeout: waiting.map { $0 + .seconds(5) }))
    }

    /// - Returns: how many were pending.
    @discardableResult
    public func acknowledge(_ ids: [String], of key: String, in group: String) async throws(RedisError) -> Int {
        try await self.reply(to: RedisCommand("XACK", arguments: [.text(key), .text(group)] + ids.map { .text($0) })).integer()
    }

    /// Takes over entries that another consumer read long ago and never acknowledged.
    ///
    /// - Returns: where to go on, `0-0` at the end, and the entries.
    public func claim(
        _ key: String, group: String, consumer: String, idleFor minimum: Duration, from start: String = "0-0", count: Int? = nil
    ) async throws(RedisError) -> (next: String, entries: [RedisStreamEntry]) {
        var arguments: [RedisArgument] = [
            .text(key), .text(group), .text(consumer), .integer(minimum.wholeMilliseconds), .text(start),
        ]
        if let count { arguments += ["COUNT", .integer(Int64(count))] }
        let reply = try await self.reply(to: RedisCommand("XAUTOCLAIM", arguments: arguments))
        let parts = try reply.elements()
        guard parts.count >= 2, let next = parts[0].text, let values = parts[1].elements else { throw reply.unexpected }
        return (next, values.compactMap(RedisStreamEntry.init))
    }

    // MARK: Shapes

    private static func entries(_ reply: RedisReply) throws(RedisError) -> [RedisStreamEntry] {
        var entries: [RedisStreamEntry] = []
        for value in try reply.elements() {
            guard let entry = RedisStreamEntry(value) else { throw reply.unexpected }
            entries.append(entry)
        }
        return entries
    }

    /// Version 3 answers with a map from streams to entries, version 2 with pairs, both with null for nothing.
    private static func entriesOfFirstStream(_ reply: RedisReply) throws(RedisError) -> [RedisStreamEntry] {
        if reply.value.isNull { return [] }
        let values: RESPValue?
        if case .map(let pairs) = reply.value {
            values = pairs.first?.value
        } else {
            values = try reply.elements().first?.elements?.last
        }
        guard let entries = values?.elements else { throw reply.unexpected }
        return entries.compactMap(RedisStreamEntry.init)
    }
}

extension RedisCommand {
    /// `XADD key [MAXLEN ~ n] * field value …`
    public static func addToStream(_ key: String, _ fields: [(String, RedisArgument)], maximumLength: Int? = nil) -> RedisCommand {
        var arguments: [RedisArgument] = [.text(key)]
        if let maximumLength { arguments += ["MAXLEN", "~", .integer(Int64(maximumLength))] }
        return RedisCommand("XADD", arguments: arguments + ["*"] + fields.flatMap { [.text($0.0), $0.1] })
    }
}
