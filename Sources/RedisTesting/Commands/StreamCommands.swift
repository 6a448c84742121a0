import RedisCore

extension DataCommand {
    static let streams: [String: DataCommand] = [
        "XADD": DataCommand(4...) { context, arguments throws(CommandFailure) in try Self.append(&context, &arguments) },
        "XLEN": DataCommand(1...1) { context, arguments throws(CommandFailure) in
            .count(try context.stream(try arguments.next())?.entries.count ?? 0)
        },
        "XRANGE": DataCommand(3...5) { context, arguments throws(CommandFailure) in
            try Self.range(&context, &arguments, reversed: false)
        },
        "XREVRANGE": DataCommand(3...5) { context, arguments throws(CommandFailure) in
            try Self.range(&context, &arguments, reversed: true)
        },
        "XDEL": DataCommand(2...) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            let ids = try arguments.takeAll().map { bytes throws(CommandFailure) in try Self.id(bytes) }
            return .count(try context.changeStream(key) { stream throws(CommandFailure) in ids.count { stream.remove($0) } } ?? 0)
        },
        "XTRIM": DataCommand(3...) { context, arguments throws(CommandFailure) in
            let key = try arguments.next()
            guard let trimming = try Trimming(&arguments) else { throw .syntax }
            try arguments.end()
            return .count(try context.changeStream(key) { stream throws(CommandFailure) in trimming.apply(to: &stream) } ?? 0)
        },
    ].merging(groups) { one, _ in one }

    static func id(_ bytes: Bytes, missingSequence: UInt64 = 0) throws(CommandFailure) -> StreamID {
        try StreamID(String(decoding: bytes, as: UTF8.self), missingSequence: missingSequence)
    }

    static func entry(_ entry: StreamData.Entry) -> RESPValue {
        .array([.text(entry.id.text), .array(entry.fields.map(RESPValue.bytes))])
    }

    /// `MAXLEN [=|~] n` or `MINID [=|~] id`, each with a `LIMIT n` that only bounds the work.
    private struct Trimming {
        private enum Bound { case count(Int), id(StreamID) }

        private let bound: Bound
        private let isApproximate: Bool

        /// nil: none comes next.
        init?(_ arguments: inout Arguments) throws(CommandFailure) {
            let byCount = arguments.take("MAXLEN")
            guard byCount || arguments.take("MINID") else { return nil }
            isApproximate = arguments.take("~")
            if !isApproximate { _ = arguments.take("=") }
            if byCount {
                let count = try arguments.nextInteger()
                guard count >= 0 else { throw CommandFailure("ERR The MAXLEN argument must be >= 0.") }
                bound = .count(Int(clamping: count))
            } else {
                bound = .id(try DataCommand.id(try arguments.next()))
            }
            if arguments.take("LIMIT") {
                guard isApproximate else {
                    throw CommandFailure("ERR syntax error, LIMIT cannot be used without the special ~ option")
                }
                _ = try arguments.nextInteger()
            }
        }

        func apply(to stream: inout StreamData) -> Int {
            switch bound {
            case .count(let count): stream.trim(to: count, approximately: isApproximate)
            case .id(let id): stream.trim(before: id, approximately: isApproximate)
            }
        }
    }

    private static func append(_ context: inout Context, _ arguments: inout Arguments) throws(CommandFailure) -> RESPValue {
        let key = try arguments.next()
        var makesStream = true
        var trimming: Trimming?
        while true {
            if arguments.take("NOMKSTREAM") {
                makesStream = false
            } else if let bound = try Trimming(&arguments) {
                trimming = bound
            } else {
                break
            }
        }
        let idText = try arguments.nextText()
        guard !arguments.isEmpty, arguments.count.isMultiple(of: 2) else {
            throw CommandFailure("ERR wrong number of arguments for 'xadd' command")
        }
        let fields = arguments.takeAll()
        let existing = try context.stream(key)
        if existing == nil {
            guard makesStream else { return .null }
        }
        let last = existing?.lastID ?? .zero
        let id = try Self.newID(idText, after: last, at: context.now)
        if existing == nil { context.keyspace.put(key, .stream(StreamData())) }
        _ = try context.changeStream(key) { stream throws(CommandFailure) in
            stream.append(id, fields)
            if let trimming { _ = trimming.apply(to: &stream) }
        }
        context.touched.append(key)
        return .text(id.text)
    }

    private static func newID(_ text: String, after last: StreamID, at now: Int64) throws(CommandFailure) -> StreamID {
        let tooSmall = CommandFailure("ERR The ID specified in XADD is equal or smaller than the target stream top item")
        if text == "*" {
            let id = StreamID(milliseconds: UInt64(max(0, now)), sequence: 0)
            if id > last { return id }
            guard let next = last.next else { throw tooSmall }
            return next
        }
        if text.hasSuffix("-*") {
            let milliseconds = try StreamID(String(text.dropLast(2)), missingSequence: 0).milliseconds
            guard milliseconds >= last.milliseconds else { throw tooSmall }
            if milliseconds > last.milliseconds { return StreamID(milliseconds: milliseconds, sequence: 0) }
            guard last.sequence < .max else { throw tooSmall }
            return StreamID(milliseconds: milliseconds, sequence: last.sequence + 1)
        }
        let id = try StreamID(text, missingSequence: 0)
        guard id > .zero else { throw CommandFailure("ERR The ID specified in XADD must be greater than 0-0") }
        guard id > last else { throw tooSmall }
        return id
    }

    private static func range(
        _ context: inout Context, _ arguments: inout Arguments, reversed: Bool
    ) throws(CommandFailure) -> RESPValue {
        let key = try arguments.next()
        let (one, other) = (try arguments.nextText(), try arguments.nextText())
        var count: Int64?
        if arguments.take("COUNT") {
            guard !arguments.isEmpty else { throw .syntax }
            count = try arguments.nextInteger()
        }
        try arguments.end()
        guard let first = try Self.rangeStart(reversed ? other : one), let last = try Self.rangeEnd(reversed ? one : other),
            let stream = try context.stream(key)
        else { return .array([]) }
        var entries = Array(stream.range(from: first, through: last))
        if reversed { entries.reverse() }
        if let count {
            guard count > 0 else { return .null }
            entries = Array(entries.prefix(Int(clamping: count)))
        }
        return .array(entries.map(Self.entry))
    }

    private static func rangeStart(_ text: String) throws(CommandFailure) -> StreamID? {
        if text == "-" { return .zero }
        if text == "+" { return .maximum }
        if text.hasPrefix("(") { return try StreamID(String(text.dropFirst()), missingSequence: 0).next }
        return try StreamID(text, missingSequence: 0)
    }

    private static func rangeEnd(_ text: String) throws(CommandFailure) -> StreamID? {
        if text == "-" { return .zero }
        if text == "+" { return .maximum }
        if text.hasPrefix("(") {
            let id = try StreamID(String(text.dropFirst()), missingSequence: .max)
            if id.sequence > 0 { return StreamID(milliseconds: id.milliseconds, sequence: id.sequence - 1) }
            return id.milliseconds > 0 ? StreamID(milliseconds: id.milliseconds - 1, sequence: .max) : nil
        }
        return try StreamID(text, missingSequence: .max)
    }
}
