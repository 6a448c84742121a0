import NIOCore
public import SocketIOCore

/// The answer that a client waits for. It may be sent at once or later, from any thread. The client takes only the first one. It is dropped
/// if the socket has gone.
public struct Acknowledgement: Sendable {
    let socket: SocketReference
    let id: UInt64

    public func callAsFunction(_ arguments: any JSONWritable...) {
        let id = id
        let namespace = socket.address.namespace.name
        send { buffer in
            SocketIOEncoder.ack(id: id, namespace: namespace, into: &buffer) { writer in
                for argument in arguments { argument.write(to: &writer) }
            }
        }
    }

    /// Sends arguments as they were received, attachments included: no value is parsed.
    public func callAsFunction(_ arguments: Arguments) {
        let id = id
        socket.send { socket in
            socket.acknowledge(id, with: arguments)
        } packet: {
            Acknowledgement.packet(id, socket.address.namespace.name, arguments)
        }
    }

    /// Sends an argument as it was received, without an attachment: no value is parsed.
    public func callAsFunction(_ argument: JSONSlice) {
        let id = id
        let namespace = socket.address.namespace.name
        send { buffer in
            SocketIOEncoder.ack(id: id, namespace: namespace, into: &buffer) { $0.raw(argument) }
        }
    }

    static func packet(_ id: UInt64, _ namespace: String, _ arguments: Arguments) -> EncodedPacket {
        EncodedPacket {
            write(id, namespace, arguments, into: &$0)
            return arguments.attachments
        }
    }

    static func write(_ id: UInt64, _ namespace: String, _ arguments: Arguments, into buffer: inout ByteBuffer) {
        SocketIOEncoder.ack(id: id, namespace: namespace, attachments: arguments.attachments.count, into: &buffer) { $0.raw(arguments) }
    }

    @inline(__always)
    private func send(_ body: (inout ByteBuffer) -> [ByteBuffer]) {
        socket.send { socket in
            socket.send(body)
        } packet: {
            EncodedPacket(body)
        }
    }
}
