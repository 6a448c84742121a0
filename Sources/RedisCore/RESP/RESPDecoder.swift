public import NIOCore

/// Reads RESP values of version 2 and 3 from bytes that arrive in pieces of any size.
///
/// The work is proportional to the bytes: a value that arrives in many pieces is never scanned again from its start, and an announced
/// length reserves nothing.
///
///     decoder.append(received)
///     while let value = try decoder.next() { … }
public struct RESPDecoder: Sendable {
    public let limits: RESPLimits

    private var buffer = ByteBuffer()
    /// Bytes after the reader index that hold no line feed.
    private var scanned = 0
    /// The aggregates around the next value, the outermost first.
    private var open: [Aggregate] = []
    /// A bulk string whose length was read and whose bytes are awaited.
    private var bulk: (kind: BulkKind, length: Int)?
    private var elementCount = 0
    private var byteCount = 0
    private var failure: RESPProtocolError?

    private enum BulkKind { case string, error, verbatim }

    private struct Aggregate {
        enum Kind { case array, set, map, push, attribute }

        let kind: Kind
        /// Values still to come; a map's entry counts twice.
        var remaining: Int
        var values: [RESPValue] = []
    }

    public init(limits: RESPLimits = RESPLimits()) {
        self.limits = limits
    }

    /// Bytes that wait for the rest of their value.
    public var bufferedByteCount: Int { buffer.readableBytes }

    /// Adds bytes. Those of whole values are to be taken with ``next()`` before more is added, or the buffer grows.
    public mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            return
        }
        // Moves less than was read since the last time, so each byte is moved once on average.
        if buffer.readerIndex > buffer.readableBytes { buffer.discardReadBytes() }
        buffer.writeImmutableBuffer(bytes)
    }

    /// The next whole value; nil: more bytes are needed.
    ///
    /// - Throws: a violation. It is thrown again by every later call.
    public mutating func next() throws(RESPProtocolError) -> RESPValue? {
        if let failure = self.failure { throw failure }
        do throws(RESPProtocolError) {
            return try read()
        } catch {
            self.failure = error
            buffer = ByteBuffer()
            self.open = []
            throw error
        }
    }

    private mutating func read() throws(RESPProtocolError) -> RESPValue? {
        while true {
            var finished: RESPValue
            if let (kind, length) = bulk {
                guard let value = try readBulk(kind, length) else { return nil }
                finished = value
            } else {
                guard let line = try readLine() else { return nil }
                guard let value = try self.value(of: line) else { continue }
                finished = value
            }
            if let whole = close(&finished) { return whole }
        }
    }

    /// Puts a finished value into the aggregate around it, and that one into the next if it is now full.
    /// - Returns: the value that nothing stands around.
    private mutating func close(_ value: inout RESPValue) -> RESPValue? {
        while var aggregate = self.open.popLast() {
            aggregate.values.append(value)
            aggregate.remaining -= 1
            if aggregate.remaining > 0 {
                self.open.append(aggregate)
                return nil
            }
            // The value that an attribute speaks about comes after it, at the same place.
            guard let whole = Self.value(of: aggregate) else { return nil }
            value = whole
        }
        elementCount = 0
        byteCount = 0
        return value
    }

    private static func value(of aggregate: Aggregate) -> RESPValue? {
        let values = aggregate.values
        switch aggregate.kind {
        case .array: return .array(values)
        case .set: return .set(values)
        case .push: return .push(values)
        case .map: return .map(stride(from: 0, to: values.count, by: 2).map { RESPPair(values[$0], values[$0 + 1]) })
        case .attribute: return nil
        }
    }

    // MARK: Lines

    /// The next line without its end, the type byte included; nil: it has not ended.
    private mutating func readLine() throws(RESPProtocolError) -> ByteBuffer? {
        let available = buffer.readableBytes
        let unseen = buffer.readableBytesView.dropFirst(scanned)
        guard let lineFeed = unseen.firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = available
            guard available <= limits.maximumLineBytes + 2 else { throw RESPProtocolError(.lineTooLong) }
            return nil
        }
        let length = lineFeed - buffer.readerIndex
        guard length <= limits.maximumLineBytes + 2 else { throw RESPProtocolError(.lineTooLong) }
        scanned = 0
        guard length >= 2, let line = buffer.readSlice(length: length - 1),
            buffer.readInteger(as: UInt16.self) == 0x0D0A
        else { throw RESPProtocolError(.invalidLine) }
        guard !line.readableBytesView.contains(UInt8(ascii: "\r")) else { throw RESPProtocolError(.invalidLine) }
        try count(bytes: length + 1)
        return line
    }

    /// What a line says: a value; nil: a value began that has more lines.
    private mutating func value(of line: ByteBuffer) throws(RESPProtocolError) -> RESPValue? {
        var line = line
        let type = line.readInteger(as: UInt8.self) ?? 0
        switch type {
        case UInt8(ascii: "+"): return .simpleString(String(buffer: line))
        case UInt8(ascii: "-"): return .error(RESPErrorReply(String(buffer: line)))
        case UInt8(ascii: ":"): return .integer(try Self.integer(line))
        case UInt8(ascii: "$"): return try beginBulk(.string, line)
        case UInt8(ascii: "!"): return try beginBulk(.error, line)
        case UInt8(ascii: "="): return try beginBulk(.verbatim, line)
        case UInt8(ascii: "*"): return try begin(.array, line)
        case UInt8(ascii: "~"): return try begin(.set, line)
        case UInt8(ascii: "%"): return try begin(.map, line)
        case UInt8(ascii: ">"):
            guard self.open.isEmpty else { throw RESPProtocolError(.nestedPush) }
            return try begin(.push, line)
        case UInt8(ascii: "|"): return try begin(.attribute, line)
        case UInt8(ascii: "_"):
            guard line.readableBytes == 0 else { throw RESPProtocolError(.invalidLine) }
            return .null
        case UInt8(ascii: "#"):
            switch (line.readableBytes, line.readInteger(as: UInt8.self)) {
            case (1, UInt8(ascii: "t")): return .boolean(true)
            case (1, UInt8(ascii: "f")): return .boolean(false)
            default: throw RESPProtocolError(.invalidBoolean)
            }
        case UInt8(ascii: ","):
            guard let value = RESPNumber.double(String(buffer: line)) else { throw RESPProtocolError(.invalidNumber) }
            return .double(value)
        case UInt8(ascii: "("):
            let digits = line.readableBytesView.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
            guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }), line.readableBytes - digits.count <= 1 else {
                throw RESPProtocolError(.invalidNumber)
            }
            return .bigNumber(String(buffer: line))
        default: throw RESPProtocolError(.unknownType)
        }
    }

    // MARK: Bulk strings and aggregates

    private mutating func beginBulk(_ kind: BulkKind, _ line: ByteBuffer) throws(RESPProtocolError) -> RESPValue? {
        guard let length = try Self.length(line, allowsNull: kind == .string) else { return .null }
        guard length <= limits.maximumBulkBytes else { throw RESPProtocolError(.bulkTooLong) }
        try count(bytes: length + 2)
        bulk = (kind, length)
        return nil
    }

    private mutating func readBulk(_ kind: BulkKind, _ length: Int) throws(RESPProtocolError) -> RESPValue? {
        guard buffer.readableBytes >= length + 2 else { return nil }
        guard let bytes = buffer.readSlice(length: length), buffer.readInteger(as: UInt16.self) == 0x0D0A else {
            throw RESPProtocolError(.missingLineEnd)
        }
        bulk = nil
        switch kind {
        case .string: return .bulkString(bytes)
        case .error: return .error(RESPErrorReply(String(buffer: bytes)))
        case .verbatim:
            var text = bytes
            guard let format = text.readString(length: 3), text.readInteger(as: UInt8.self) == UInt8(ascii: ":") else {
                throw RESPProtocolError(.invalidVerbatimString)
            }
            return .verbatimString(format: format, text)
        }
    }

    private mutating func begin(_ kind: Aggregate.Kind, _ line: ByteBuffer) throws(RESPProtocolError) -> RESPValue? {
        guard let length = try Self.length(line, allowsNull: kind == .array) else { return .null }
        let isPaired = kind == .map || kind == .attribute
        guard length <= limits.maximumElements / (isPaired ? 2 : 1) else { throw RESPProtocolError(.tooManyElements) }
        let count = isPaired ? length * 2 : length
        elementCount += count
        guard elementCount <= limits.maximumElements else { throw RESPProtocolError(.tooManyElements) }
        if count == 0 { return Self.value(of: Aggregate(kind: kind, remaining: 0)) }
        guard self.open.count < limits.maximumDepth else { throw RESPProtocolError(.tooDeep) }
        self.open.append(Aggregate(kind: kind, remaining: count))
        return nil
    }

    private mutating func count(bytes: Int) throws(RESPProtocolError) {
        byteCount += bytes
        guard byteCount <= limits.maximumValueBytes else { throw RESPProtocolError(.valueTooLong) }
    }

    // MARK: Numbers

    /// A length; nil: `-1`, which stands for null in version 2.
    private static func length(_ line: ByteBuffer, allowsNull: Bool) throws(RESPProtocolError) -> Int? {
        let digits = line.readableBytesView
        if digits.first == UInt8(ascii: "?") { throw RESPProtocolError(.streamedValue) }
        if allowsNull, digits.elementsEqual("-1".utf8) { return nil }
        guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw RESPProtocolError(.invalidLength)
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func integer(_ line: ByteBuffer) throws(RESPProtocolError) -> Int64 {
        var digits = line.readableBytesView[...]
        let sign = digits.first
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { throw RESPProtocolError(.invalidNumber) }
        var value: Int64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { throw RESPProtocolError(.invalidNumber) }
            // Counts downwards, because the negative side reaches one further.
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflowed) = product.subtractingReportingOverflow(Int64(digit - 0x30))
            guard !overflowed, !underflowed else { throw RESPProtocolError(.invalidNumber) }
            value = difference
        }
        if sign == UInt8(ascii: "-") { return value }
        guard value != .min else { throw RESPProtocolError(.invalidNumber) }
        return -value
    }
}
