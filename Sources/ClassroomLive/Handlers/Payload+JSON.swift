import Classroom
import JSONCore
import NIOCore
import SocketIOCore

/// The largest payload of a request. A larger one is refused as `invalid` before any of it is read.
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
    /// The name of the latency stamp, which any request may carry.
    static let latencyStamp = "_sentAt"
    /// The longest `_sentAt` in characters. It is passed on to other clients.
    static let maximumLatencyStampBytes = 32

    static let refusal = ClassroomError(
        .invalid, "Validation error: the payload must have at most \(maximumBytes) bytes and \(maximumDepth) levels")

    /// Payloads up to this size are taken as they are.
    private static let untrimmedBytes = 512

    /// A large object, reduced to the members that are read later. They are found in one pass, so that the bytes that wait are only those.
    static func trimmed(_ payload: JSONSlice, to fields: [String]) -> JSONSlice {
        guard payload.bytes.readableBytes > untrimmedBytes, payload.kind == .object else { return compact(payload) }
        return compact(
            JSONBody { writer in
                for (name, value) in payload.members(named: fields) {
                    // A stamp that is too long is ignored: see ``RequestPipeline``.
                    if name == latencyStamp, value.bytes.readableBytes > maximumLatencyStampBytes + 2 { continue }
                    writer.key(name)
                    writer.raw(value)
                }
            }.slice)
    }

    /// The payload in a buffer of about its own size. A few bytes may be a slice of a large receive buffer, and would keep all of it alive
    /// while they wait.
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
        // Unknown events and payloads that are no objects are refused by the rules.
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
    ///   - values: how many values may still be read; it is reduced by the number that was read.
    ///   - levels: how many levels of arrays and objects are read. A deeper one counts as empty and is not read.
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
