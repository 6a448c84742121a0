import Classroom
import JSONCore
import NIOCore
import SocketIOCore

/// How large a request's payload may be. Beyond it the request is `invalid`, before anything of it is read.
enum PayloadLimits {
    static let maximumBytes = 65_536
    /// Arrays and objects within one another, the payload itself among them.
    static let maximumDepth = 16
    /// Values within the fields that the rules for an event read, elements and members of them included.
    static let maximumValues = 2_048
    /// Bytes of a name within a field, such as a user's id.
    static let maximumKeyBytes = 512
    /// Characters of a `_sentAt`, which goes to others.
    static let maximumLatencyStampBytes = 32

    static let refusal = ClassroomError(
        .invalid, "Validation error: the payload must have at most \(maximumBytes) bytes and \(maximumDepth) levels")

    static func allow(_ arguments: Arguments) -> Bool {
        arguments.isWithin(maximumBytes: maximumBytes, maximumDepth: maximumDepth)
    }
}

extension MessageRules {
    /// What the rules for an event say of a payload. Only the fields that they read are parsed, and no more of them than the limits allow.
    static func check(_ event: String, _ payload: JSONSlice) -> ValidationResult {
        // An event that is none of ours, and a payload that is no object, are for the rules to refuse.
        guard let names = fieldNames(of: event), payload.kind == .object else {
            return check(event, payload.isNull ? .null : payload.kind == .object ? .object([:]) : .bool(false))
        }
        var values = PayloadLimits.maximumValues
        var members: [String: Payload] = [:]
        for (name, value) in payload.members(named: names) {
            guard let value = Payload(value, atMost: &values) else {
                return ValidationResult(isValid: false, error: "Validation error: \"\(name)\" holds too many values, or too long a name")
            }
            members[name] = value
        }
        return check(event, .object(members))
    }
}

extension Payload {
    /// What a request said, free of its wire format.
    ///
    /// - Parameters:
    ///   - slice: its depth is bounded.
    ///   - values: how many values there may be; less by as many as there were. Nil when there are more.
    init?(_ slice: JSONSlice, atMost values: inout Int) {
        values -= 1
        guard values >= 0 else { return nil }
        switch slice.kind {
        case .null: self = .null
        case .bool: self = .bool(slice.bool ?? false)
        case .number: self = slice.double.map { .number($0) } ?? .null
        case .string: self = .string(slice.string ?? "")
        case .array:
            guard !slice.isLonger(than: values) else { return nil }
            var elements: [Payload] = []
            for element in slice.elements {
                guard let element = Payload(element, atMost: &values) else { return nil }
                elements.append(element)
            }
            self = .array(elements)
        case .object:
            guard !slice.isLonger(than: values) else { return nil }
            var members: [String: Payload] = [:]
            for (key, value) in slice.members {
                // A dictionary normalises its keys, in quadratic time where one letter has many marks.
                guard key.utf8.count <= PayloadLimits.maximumKeyBytes, let value = Payload(value, atMost: &values) else { return nil }
                members[key] = value
            }
            self = .object(members)
        }
    }
}
