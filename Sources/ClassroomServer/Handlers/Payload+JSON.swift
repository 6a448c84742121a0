import Classroom
import SocketIOCore

extension Payload {
    /// What a request said, free of its wire format. The text is valid and its depth bounded.
    init(_ slice: JSONSlice) {
        switch slice.kind {
        case .null: self = .null
        case .bool: self = .bool(slice.bool ?? false)
        case .number: self = slice.double.map { .number($0) } ?? .null
        case .string: self = .string(slice.string ?? "")
        case .array: self = .array(slice.elements.map(Payload.init))
        case .object: self = .object(Dictionary(slice.members.map { ($0.key, Payload($0.value)) }) { _, last in last })
        }
    }
}
