import JSONCore
import NIOCore
import SocketIOCore

/// An acknowledgement whose arguments are there as text: `3`, the namespace, the number, `[text]`. Its length is known before it is written.
struct AcknowledgementText {
    private let head: SocketIOHead
    private let arguments: UnsafeRawBufferPointer
    private let headBytes: Int

    /// - Parameter arguments: valid as long as this is used.
    @inline(__always)
    init(id: UInt64, namespace: String, arguments: UnsafeRawBufferPointer) {
        head = SocketIOHead(kind: .ack, namespace: namespace, id: id)
        self.arguments = arguments
        headBytes = head.byteCount
    }

    var byteCount: Int { headBytes + 2 + arguments.count }

    /// Writes the text to the beginning of `target`.
    @inline(__always)
    func write(to target: UnsafeMutableRawBufferPointer) {
        var position = head.write(to: target)
        target[position] = JSONByte.openBracket
        position += 1
        UnsafeMutableRawBufferPointer(rebasing: target[position..<(position + arguments.count)]).copyMemory(from: arguments)
        target[position + arguments.count] = JSONByte.closeBracket
    }
}
