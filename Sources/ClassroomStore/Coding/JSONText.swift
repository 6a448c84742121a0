import Classroom
import Foundation

/// JSON in text columns. Only for what is read or written now and then: what runs per message has its own code.
enum JSONText {
    /// The parsed text; nil when there is none or it is not JSON.
    static func parse(_ text: String?) -> Payload? {
        guard let text else { return nil }
        return try? JSONDecoder().decode(JSONPayload.self, from: Data(text.utf8)).value
    }

    /// The same payload always gives the same text.
    static func text(_ payload: Payload) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // What cannot be written is a number without a value, which no JSON text has and no caller makes.
        guard let data = try? encoder.encode(JSONPayload(value: payload)) else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }
}

private struct JSONPayload: Codable {
    let value: Payload

    init(value: Payload) { self.value = value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let bool = try? container.decode(Bool.self) {
            value = .bool(bool)
        } else if let number = try? container.decode(Double.self) {
            value = .number(number)
        } else if let string = try? container.decode(String.self) {
            value = .string(string)
        } else if let array = try? container.decode([JSONPayload].self) {
            value = .array(array.map(\.value))
        } else {
            value = .object(try container.decode([String: JSONPayload].self).mapValues(\.value))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .null: try container.encodeNil()
        case .bool(let bool): try container.encode(bool)
        case .number(let number):
            if let integer = Int64(exactly: number) { try container.encode(integer) } else { try container.encode(number) }
        case .string(let string): try container.encode(string)
        case .array(let array): try container.encode(array.map(JSONPayload.init))
        case .object(let object): try container.encode(object.mapValues(JSONPayload.init))
        }
    }
}

extension Payload {
    subscript(key: String) -> Payload? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    /// A whole number, or a text that is one.
    var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        case .string(let string): Int(string)
        default: nil
        }
    }

    var bool: Bool? {
        guard case .bool(let bool) = self else { return nil }
        return bool
    }

    var elements: [Payload]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}
