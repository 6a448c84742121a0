import NIOCore
import SocketIOCore

/// Reads MessagePack as JSON. Binary values become attachments, each with a placeholder in its place, as Socket.IO writes them.
///
/// A length is believed only as far as bytes are there, so a few bytes cannot make it allocate much.
struct MessagePackReader {
    private var input: ByteBuffer
    private let limits: ClusterLimits
    private(set) var output = JSONWriter()
    private(set) var attachments: [ByteBuffer] = []

    init(_ input: ByteBuffer, limits: ClusterLimits) {
        self.input = input
        self.limits = limits
    }

    /// Reads exactly one value.
    mutating func read() throws(ClusterCodingError) {
        try self.value(depth: 0)
        guard self.input.readableBytes == 0 else { throw ClusterCodingError(.trailingBytes) }
    }

    private mutating func next<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(ClusterCodingError) -> Value {
        guard let value = self.input.readInteger(as: type) else { throw ClusterCodingError(.truncated) }
        return value
    }

    private mutating func value(depth: Int) throws(ClusterCodingError) {
        let type: UInt8 = try next()
        switch type {
        case 0x00...0x7F: output.integer(type)
        case 0xE0...0xFF: output.integer(Int8(bitPattern: type))
        case 0x80...0x8F: try map(Int(type & 0x0F), depth)
        case 0x90...0x9F: try array(Int(type & 0x0F), depth)
        case 0xA0...0xBF: output.string(try self.text(Int(type & 0x1F)))
        case 0xC0: output.null()
        case 0xC2: output.bool(false)
        case 0xC3: output.bool(true)
        case 0xC4: try binary(Int(try next(UInt8.self)))
        case 0xC5: try binary(Int(try next(UInt16.self)))
        case 0xC6: try binary(Int(try next(UInt32.self)))
        case 0xC7: try extended(Int(try next(UInt8.self)), isFixed: false)
        case 0xC8: try extended(Int(try next(UInt16.self)), isFixed: false)
        case 0xC9: try extended(Int(try next(UInt32.self)), isFixed: false)
        case 0xCA: output.float(Float(bitPattern: try next()))
        case 0xCB: output.double(Double(bitPattern: try next()))
        case 0xCC: output.integer(try next(UInt8.self))
        case 0xCD: output.integer(try next(UInt16.self))
        case 0xCE: output.integer(try next(UInt32.self))
        case 0xCF: output.integer(try next(UInt64.self))
        case 0xD0: output.integer(try next(Int8.self))
        case 0xD1: output.integer(try next(Int16.self))
        case 0xD2: output.integer(try next(Int32.self))
        case 0xD3: output.integer(try next(Int64.self))
        case 0xD4...0xD8: try extended(1 << Int(type - 0xD4), isFixed: true)
        case 0xD9: output.string(try self.text(Int(try next(UInt8.self))))
        case 0xDA: output.string(try self.text(Int(try next(UInt16.self))))
        case 0xDB: output.string(try self.text(Int(try next(UInt32.self))))
        case 0xDC: try array(Int(try next(UInt16.self)), depth)
        case 0xDD: try array(Int(try next(UInt32.self)), depth)
        case 0xDE: try map(Int(try next(UInt16.self)), depth)
        case 0xDF: try map(Int(try next(UInt32.self)), depth)
        default: throw ClusterCodingError(.unknownType)
        }
    }

    private mutating func text(_ length: Int) throws(ClusterCodingError) -> String {
        guard let text = self.input.readString(length: length) else { throw ClusterCodingError(.truncated) }
        return text
    }

    private mutating func array(_ count: Int, _ depth: Int) throws(ClusterCodingError) {
        try enter(depth, count)
        output.beginArray()
        for _ in 0..<count { try self.value(depth: depth + 1) }
        output.endArray()
    }

    private mutating func map(_ count: Int, _ depth: Int) throws(ClusterCodingError) {
        try enter(depth, count * 2)
        output.beginObject()
        for _ in 0..<count {
            let key = try self.key()
            // A placeholder is how an attachment is written; one of the message's own would name somebody else's bytes.
            guard !key.utf8.elementsEqual("_placeholder".utf8) else { throw ClusterCodingError(.invalidPlaceholder) }
            output.key(key)
            try self.value(depth: depth + 1)
        }
        output.endObject()
    }

    private func enter(_ depth: Int, _ count: Int) throws(ClusterCodingError) {
        guard depth < self.limits.maximumDepth else { throw ClusterCodingError(.tooDeep) }
        guard count <= self.input.readableBytes else { throw ClusterCodingError(.truncated) }
    }

    private mutating func key() throws(ClusterCodingError) -> String {
        let type: UInt8 = try next()
        switch type {
        case 0xA0...0xBF: return try self.text(Int(type & 0x1F))
        case 0xD9: return try self.text(Int(try next(UInt8.self)))
        case 0xDA: return try self.text(Int(try next(UInt16.self)))
        case 0xDB: return try self.text(Int(try next(UInt32.self)))
        case 0x00...0x7F: return String(type)
        case 0xE0...0xFF: return String(Int8(bitPattern: type))
        case 0xCC: return String(try next(UInt8.self))
        case 0xCD: return String(try next(UInt16.self))
        case 0xCE: return String(try next(UInt32.self))
        default: throw ClusterCodingError(.invalidKey)
        }
    }

    private mutating func binary(_ length: Int) throws(ClusterCodingError) {
        guard let bytes = self.input.readSlice(length: length) else { throw ClusterCodingError(.truncated) }
        guard attachments.count < self.limits.maximumAttachments else { throw ClusterCodingError(.tooManyAttachments) }
        output.beginObject()
        output.key("_placeholder")
        output.bool(true)
        output.key("num")
        output.int(attachments.count)
        output.endObject()
        attachments.append(bytes)
    }

    // MARK: Extensions

    /// What the two libraries write: `undefined` and dates with type 0 (notepack.io), array buffers with type 0 and a length, timestamps with
    /// type -1 (MessagePack's own).
    private mutating func extended(_ length: Int, isFixed: Bool) throws(ClusterCodingError) {
        let type: Int8 = try next()
        switch (type, isFixed, length) {
        case (0, false, _): try binary(length)
        case (0, true, 1):
            _ = try next(UInt8.self)
            output.null()
        case (0, true, 8): date(milliseconds: try next())
        case (-1, true, 4): date(milliseconds: Int64(try next(UInt32.self)) * 1_000)
        case (-1, true, 8):
            let word: UInt64 = try next()
            date(milliseconds: Int64(word & 0x3_FFFF_FFFF) * 1_000 + Int64(word >> 34) / 1_000_000)
        case (-1, false, 12):
            let nanoseconds: UInt32 = try next()
            let seconds: Int64 = try next()
            let (milliseconds, overflowed) = seconds.multipliedReportingOverflow(by: 1_000)
            if overflowed { output.null() } else { date(milliseconds: milliseconds &+ Int64(nanoseconds) / 1_000_000) }
        default: throw ClusterCodingError(.unknownType)
        }
    }

    /// As JavaScript writes a date in JSON; null beyond what it has.
    private mutating func date(milliseconds: Int64) {
        guard milliseconds.magnitude <= 8_640_000_000_000_000 else { return output.null() }
        output.string(CalendarDate(milliseconds: milliseconds).text)
    }
}

/// A moment in the Gregorian calendar, for `Date.prototype.toISOString` (ECMA-262 §21.4.4.36).
struct CalendarDate {
    let text: String

    init(milliseconds: Int64) {
        let millisecondsPerDay: Int64 = 86_400_000
        let days = (milliseconds - Self.modulo(milliseconds, millisecondsPerDay)) / millisecondsPerDay
        let time = Self.modulo(milliseconds, millisecondsPerDay)
        // Counts years from March, so that a leap day is the last of its year: eras of 400 years have 146,097 days.
        let shifted = days + 719_468
        let era = (shifted - Self.modulo(shifted, 146_097)) / 146_097
        let dayOfEra = Self.modulo(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let sign = year < 0 ? "-" : year > 9_999 ? "+" : ""
        let years = sign + Self.digits(abs(year), sign.isEmpty ? 4 : 6)
        let clock = "\(Self.digits(time / 3_600_000, 2)):\(Self.digits(time / 60_000 % 60, 2)):\(Self.digits(time / 1_000 % 60, 2))"
        self.text = "\(years)-\(Self.digits(month, 2))-\(Self.digits(day, 2))T\(clock).\(Self.digits(time % 1_000, 3))Z"
    }

    private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
