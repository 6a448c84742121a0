import NIOCore

/// A value that an `Encodable` is writing. Its containers may be filled in any order, so that it is written out at the end.
final class JSONNode {
    enum Value {
        case empty
        case null
        case bool(Bool)
        case integer(magnitude: UInt64, isNegative: Bool)
        case double(Double)
        case float(Float)
        case string(String)
        case slice(JSONSlice)
        case binary(ByteBuffer)
        case array([JSONNode])
        case object([(key: String, node: JSONNode)])
    }

    var value = Value.empty

    func box<T: Encodable>(_ value: T, codingPath: [any CodingKey]) throws {
        // Specialised calls decide this at compile time; it also keeps a slice in one piece.
        switch value {
        case let slice as JSONSlice: self.value = .slice(slice)
        case let string as String: self.value = .string(string)
        case let bytes as ByteBuffer: self.value = .binary(bytes)
        default: try value.encode(to: JSONNodeEncoder(node: self, codingPath: codingPath))
        }
    }

    func integer(_ integer: some FixedWidthInteger) {
        if let magnitude = UInt64(exactly: integer.magnitude) {
            value = .integer(magnitude: magnitude, isNegative: integer < 0)
        } else {
            value = .double(Double(integer))
        }
    }

    /// A node for one more member.
    func member(_ key: String) -> JSONNode {
        let node = JSONNode()
        var members: [(key: String, node: JSONNode)] = []
        if case .object(let some) = value { members = some }
        value = .empty  // So that the array is not copied.
        members.append((key, node))
        value = .object(members)
        return node
    }

    /// A node for one more element.
    func element() -> JSONNode {
        let node = JSONNode()
        var elements: [JSONNode] = []
        if case .array(let some) = value { elements = some }
        value = .empty  // So that the array is not copied.
        elements.append(node)
        value = .array(elements)
        return node
    }

    var count: Int {
        if case .array(let elements) = value { elements.count } else { 0 }
    }

    func write(to writer: inout JSONWriter) {
        switch value {
        // A value that encodes nothing at all is an object without members, as synthesised conformances make it.
        case .empty: writer.object { _ in }
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .integer(let magnitude, let isNegative): writer.integer(magnitude: magnitude, isNegative: isNegative)
        case .double(let double): writer.double(double)
        case .float(let float): writer.float(float)
        case .string(let string): writer.string(string)
        case .slice(let slice): writer.raw(slice)
        case .binary(let bytes): writer.binary(bytes)
        case .array(let elements): writer.array { for element in elements { element.write(to: &$0) } }
        case .object(let members):
            writer.object { writer in
                for member in members {
                    writer.key(member.key)
                    member.node.write(to: &writer)
                }
            }
        }
    }
}
