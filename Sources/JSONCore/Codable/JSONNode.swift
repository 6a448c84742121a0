import NIOCore

/// A value that an `Encodable` is writing. Its containers may be filled in any order, so that it is written out at the end.
struct JSONNode {
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
        case array(count: Int)
        case object
    }

    private let tree: JSONTree
    private let index: Int

    fileprivate init(_ tree: JSONTree, _ index: Int) {
        self.tree = tree
        self.index = index
    }

    /// The root of a new value.
    init() { self.init(JSONTree(), JSONTree.root) }

    var value: Value {
        get { tree[index] }
        nonmutating set { tree[index] = newValue }
    }

    func box<T: Encodable>(_ value: T, codingPath: [any CodingKey]) throws {
        // The type is compared first: a cast that fails costs more than all the rest.
        if T.self == JSONSlice.self, let slice = value as? JSONSlice {
            self.value = .slice(slice)
        } else if T.self == String.self, let string = value as? String {
            self.value = .string(string)
        } else if T.self == ByteBuffer.self, let bytes = value as? ByteBuffer {
            self.value = .binary(bytes)
        } else {
            try value.encode(to: JSONNodeEncoder(node: self, codingPath: codingPath))
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
    func member(_ key: String) -> JSONNode { JSONNode(tree, tree.addMember(key, to: index)) }

    /// A node for one more element.
    func element() -> JSONNode { JSONNode(tree, tree.addElement(to: index)) }

    var count: Int {
        if case .array(let count) = value { count } else { 0 }
    }

    func write(to writer: inout JSONWriter) { tree.write(index, to: &writer) }
}

/// All nodes of one value, in one piece of memory: a node of its own for each member and element would cost more than writing them.
private final class JSONTree {
    static let root = 0
    /// Most values have fewer nodes.
    private static let usualNodes = 8

    private struct Node {
        var value = JSONNode.Value.empty
        /// Empty for an element.
        var key = ""
        /// Its parts are a list. 0, the root, is nobody's part: there is none.
        var firstPart = 0
        var lastPart = 0
        var nextPart = 0
    }

    private var nodes: ContiguousArray<Node> = []

    init() {
        nodes.reserveCapacity(JSONTree.usualNodes)
        nodes.append(Node())
    }

    subscript(index: Int) -> JSONNode.Value {
        get { nodes[index].value }
        set { nodes[index].value = newValue }
    }

    func addMember(_ key: String, to index: Int) -> Int {
        if case .object = nodes[index].value {} else { begin(.object, at: index) }
        return add(Node(key: key), to: index)
    }

    func addElement(to index: Int) -> Int {
        var count = 0
        if case .array(let some) = nodes[index].value { count = some } else { begin(.array(count: 0), at: index) }
        nodes[index].value = .array(count: count + 1)
        return add(Node(), to: index)
    }

    /// A container without parts. Those of another container that was here do not count.
    private func begin(_ container: JSONNode.Value, at index: Int) {
        nodes[index].value = container
        nodes[index].firstPart = 0
    }

    private func add(_ node: Node, to index: Int) -> Int {
        let added = nodes.count
        nodes.append(node)
        if nodes[index].firstPart == 0 { nodes[index].firstPart = added } else { nodes[nodes[index].lastPart].nextPart = added }
        nodes[index].lastPart = added
        return added
    }

    func write(_ index: Int, to writer: inout JSONWriter) {
        switch nodes[index].value {
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
        case .array:
            writer.beginArray()
            var part = nodes[index].firstPart
            while part != 0 {
                write(part, to: &writer)
                part = nodes[part].nextPart
            }
            writer.endArray()
        case .object:
            writer.beginObject()
            var part = nodes[index].firstPart
            while part != 0 {
                writer.key(nodes[part].key)
                write(part, to: &writer)
                part = nodes[part].nextPart
            }
            writer.endObject()
        }
    }
}
