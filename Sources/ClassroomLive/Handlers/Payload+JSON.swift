import Classroom
import JSONCore
import NIOCore
import SocketIOCore

/// How large a request's payload may be. Beyond it the request is `invalid`, before anything of it is read.
enum PayloadLimits {
    static let maximumBytes = 65_536
    /// Arrays and objects within one another, the payload itself among them.
    static let maximumDepth = 16
    /// Values within a list of answers or names.
    static let maximumListedValues = 256
    /// Values within the fields that the rules for an event read, elements and members of them included.
    static let maximumValues = 2_048
    /// Bytes of a name within a field, such as a user's id.
    static let maximumKeyBytes = 512
    /// Any request may have it.
    static let latencyStamp = "_sentAt"
    /// Characters of a `_sentAt`, which goes to others.
    static let maximumLatencyStampBytes = 32

    static let refusal = ClassroomError(
        .invalid, "Validation error: the payload must have at most \(maximumBytes) bytes and \(maximumDepth) levels")

    /// Payloads up to this size are taken as they are.
    private static let untrimmedBytes = 512

    /// A large object with those of its members alone that anybody reads: found in one walk, so that what is read later, and kept until
    /// then, is no longer than that.
    static func trimmed(_ payload: JSONSlice, to fields: [String]) -> JSONSlice {
        guard payload.bytes.readableBytes > untrimmedBytes, payload.kind == .object else { return compact(payload) }
        return compact(
            JSONBody { writer in
                for (name, value) in payload.members(named: fields) {
                    // One that is too long is ignored: see ``RequestPipeline``.
                    if name == latencyStamp, value.bytes.readableBytes > maximumLatencyStampBytes + 2 { continue }
                    writer.key(name)
                    writer.raw(value)
                }
            }.slice)
    }

    /// The payload without much memory around it. A few bytes may lie in a buffer of what was read from the connection at once: while they
    /// wait they would hold all of it.
    static func compact(_ payload: JSONSlice) -> JSONSlice {
        let bytes = payload.bytes
        // A copy takes the next power of two.
        guard bytes.storageCapacity > 2 * bytes.readableBytes + RequestMemory.overhead else { return payload }
        return JSONSlice(unchecked: ByteBuffer(bytes: bytes.readableBytesView))
    }

    static func allow(_ arguments: Arguments) -> Bool {
        arguments.isWithin(maximumBytes: maximumBytes, maximumDepth: maximumDepth)
    }
}

extension MessageRules {
    /// Checks a payload against the rules of an event. Only the fields that the rules read are parsed, and no more of them than the limits allow.
    static func check(_ event: String, _ payload: JSONSlice) -> ValidationResult {
        // The rules refuse foreign events and payloads that are not objects.
        guard let names = fieldNames(of: event), payload.kind == .object else {
            return check(event, payload.isNull ? .null : payload.kind == .object ? .object([:]) : .bool(false))
        }
        let levels = levels(of: event)
        var values = PayloadLimits.maximumValues
        var members: [String: Payload] = [:]
        for (name, value) in payload.members(named: names) {
            let depth = levels[name] ?? 0
            let most = depth > 1 ? values : min(values, PayloadLimits.maximumListedValues)
            var left = most
            defer { values -= most - left }
            guard let value = Payload(value, atMost: &left, levels: depth) else {
                return ValidationResult(isValid: false, error: "Validation error: \"\(name)\" holds too many values, or too long a name")
            }
            members[name] = value
        }
        return check(event, .object(members))
    }
}

extension Payload {
    /// The payload of a request, free of its wire format.
    ///
    /// - Parameters:
    ///   - slice: its depth is bounded.
    ///   - values: how many values there may be; less by as many as there were. Nil when there are more.
    ///   - levels: how many levels of arrays and objects are read; one that stands deeper is taken for empty, unread.
    init?(_ slice: JSONSlice, atMost values: inout Int, levels: Int = .max) {
        values -= 1
        guard values >= 0 else { return nil }
        switch slice.kind {
        case .array where levels == 0: self = .array([])
        case .object where levels == 0: self = .object([:])
        case .null: self = .null
        case .bool: self = .bool(slice.bool ?? false)
        case .number: self = slice.double.map { .number($0) } ?? .null
        case .string: self = .string(slice.string ?? "")
        case .array:
            guard !slice.isLonger(than: values) else { return nil }
            var elements: [Payload] = []
            for element in slice.elements {
                guard let element = Payload(element, atMost: &values, levels: levels - 1) else { return nil }
                elements.append(element)
            }
            self = .array(elements)
        case .object:
            guard !slice.isLonger(than: values) else { return nil }
            var members: [String: Payload] = [:]
            for (key, value) in slice.members {
                // A dictionary normalises its keys, in quadratic time where one letter has many marks.
                guard key.utf8.count <= PayloadLimits.maximumKeyBytes, let value = Payload(value, atMost: &values, levels: levels - 1)
                else { return nil }
                members[key] = value
            }
            self = .object(members)
        }
    }
}
