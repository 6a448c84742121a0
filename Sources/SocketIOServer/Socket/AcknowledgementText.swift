import JSONCore
import SocketIOCore

/// An acknowledgement whose arguments are text already: `3`, the namespace, the number, `[text]`. Its length is known before it is written.
struct AcknowledgementText {
    private let id: UInt64
    private let namespace: Namespace
    private let arguments: UnsafeRawBufferPointer
    private let headBytes: Int

    /// - Parameter arguments: valid as long as this is used.
    @inline(__always)
    init(id: UInt64, namespace: Namespace, arguments: UnsafeRawBufferPointer) {
        self.id = id
        self.namespace = namespace
        self.arguments = arguments
        // No comparison of names for "/", which most clients use.
        headBytes = namespace.isMain ? 1 + JSONDigits.count(id) : AcknowledgementText.head(id, namespace).byteCount
    }

    private static func head(_ id: UInt64, _ namespace: Namespace) -> SocketIOHead {
        SocketIOHead(kind: .ack, namespace: namespace.name, id: id)
    }

    var byteCount: Int { headBytes + 2 + arguments.count }

    /// Writes the text to the beginning of `target`.
    @inline(__always)
    func write(to target: UnsafeMutableRawBufferPointer) {
        var position = headBytes
        if namespace.isMain {
            target[0] = JSONByte.zero + SocketIOPacketKind.ack.rawValue
            _ = JSONDigits.write(id, to: target, at: 1)
        } else {
            AcknowledgementText.head(id, namespace).write(to: target)
        }
        target[position] = JSONByte.openBracket
        position += 1
        UnsafeMutableRawBufferPointer(rebasing: target[position..<(position + arguments.count)]).copyMemory(from: arguments)
        target[position + arguments.count] = JSONByte.closeBracket
    }
}
