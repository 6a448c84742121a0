import EngineIOCore
import NIOCore

/// The body of a polling request.
enum PollingTarget {
    static func run(_ bytes: [UInt8]) {
        var reader = PollingPayload.Reader(ByteBuffer(bytes: bytes))
        var packets: [PollingPayload.Packet] = []
        var size = 0
        do throws(PollingPayload.ParseError) {
            while let packet = try reader.next() {
                packets.append(packet)
                switch packet {
                case .text(_, let text):
                    check(String(validating: text.readableBytesView, as: UTF8.self) != nil, "text is UTF-8")
                    size += text.readableBytes
                case .binary(let bytes): size += bytes.readableBytes
                }
            }
        } catch {
            check(packets.count <= bytes.count, "a packet has a byte at least")
            return
        }
        check(!packets.isEmpty, "an empty body is an error")
        check(packets.count <= (bytes.count + 1) / 2 && size <= bytes.count, "no more comes out than went in")
        // Written as a response it is read the same; a text that holds a separator can have come from nobody.
        var body = ByteBuffer()
        for packet in packets {
            switch packet {
            case .text(let type, let text): PollingPayload.append(type, text, to: &body)
            case .binary(let bytes): PollingPayload.append(binary: bytes, to: &body)
            }
        }
        var again = PollingPayload.Reader(body)
        for packet in packets { check((try? again.next()) == packet, "what is written is read the same") }
        check((try? again.next()) == .some(nil), "nothing is added")
    }
}

/// Packets of Engine.IO as a session gets them, a byte each: a type, or what the server does itself.
enum EngineTarget {
    static func run(_ bytes: [UInt8]) {
        guard let choice = bytes.first else { return }
        var session = EngineSession(transport: choice & 1 == 0 ? .polling : .websocket)
        var isOver = false
        for byte in bytes.dropFirst() {
            let type = EnginePacketType(rawValue: byte & 0x7F)
            switch byte >> 7 {
            case 0:
                switch session.receive(type) {
                case .deliver: check(type == .message, "only a message is delivered")
                case .close:
                    check(!isOver, "a session that ended is not ended again")
                    _ = session.close()
                    isOver = true
                case .ignore, .alive: break
                }
            default:
                switch byte & 7 {
                case 0: check(!(session.pingDue() && isOver), "nobody pings a session that ended")
                case 1:
                    let verdict = session.pongDue(lateness: byte & 8 == 0 ? .zero : .seconds(60), hasUnread: byte & 16 == 0)
                    check(verdict == .settled || !isOver, "a session that ended is not late")
                case 2: check(!(session.openUpgrade() && isOver), "a session that ended is not upgraded")
                case 3:
                    // Also after the end: the client may have been told to change before.
                    let wasPolling = session.transport == .polling
                    if case .switchTransport = session.receiveProbe(.upgrade, isProbe: false) {
                        check(session.transport == .websocket && wasPolling, "the transport changes once")
                    }
                case 4: _ = session.receiveProbe(.ping, isProbe: byte & 8 == 0)
                case 5: session.abandonUpgrade()
                case 6:
                    let ended = session.close()
                    check(ended != isOver, "a session ends once")
                    isOver = true
                default: break
                }
            }
            check(session.isClosed == isOver, "the end is known")
        }
    }
}
