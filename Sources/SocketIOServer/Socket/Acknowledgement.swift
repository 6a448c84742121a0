public import SocketIOCore

/// The answer that a client waits for. May be given at once or later, from any thread; the client takes the first.
public struct Acknowledgement: Sendable {
    let socket: SocketReference
    let id: UInt64

    public func callAsFunction(_ arguments: any JSONWritable...) {
        let id = id
        socket.send { socket in
            socket.connection.sendMessage { buffer in
                SocketIOEncoder.ack(id: id, namespace: "/", into: &buffer) { writer in
                    for argument in arguments { argument.write(to: &writer) }
                }
            }
        } packet: {
            EncodedPacket { buffer in
                SocketIOEncoder.ack(id: id, namespace: "/", into: &buffer) { writer in
                    for argument in arguments { argument.write(to: &writer) }
                }
            }
        }
    }

    /// Sends arguments as they were received, attachments included: no value is parsed.
    public func callAsFunction(_ arguments: Arguments) {
        let id = id
        socket.send { socket in
            socket.connection.acknowledge(id, with: arguments)
        } packet: {
            EncodedPacket(attachments: arguments.attachments) { buffer in
                SocketIOEncoder.ack(id: id, namespace: "/", attachments: arguments.attachments.count, into: &buffer) { $0.raw(arguments) }
            }
        }
    }

    /// Sends an argument as it was received, without an attachment: no value is parsed.
    public func callAsFunction(_ argument: JSONSlice) {
        let id = id
        socket.send { socket in
            socket.connection.sendMessage { buffer in
                SocketIOEncoder.ack(id: id, namespace: "/", into: &buffer) { $0.raw(argument) }
            }
        } packet: {
            EncodedPacket { buffer in
                SocketIOEncoder.ack(id: id, namespace: "/", into: &buffer) { $0.raw(argument) }
            }
        }
    }
}
