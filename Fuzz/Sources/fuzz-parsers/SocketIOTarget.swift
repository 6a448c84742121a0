import JSONCore
import NIOCore
import SocketIOCore

/// A packet and its attachments: the messages are joined with 0xFF, which no UTF-8 holds; the first is text, those behind it binary.
enum SocketIOTarget {
    static func run(_ bytes: [UInt8]) {
        let messages = bytes.split(separator: 0xFF, omittingEmptySubsequences: false)
        guard let first = messages.first else { return }
        let limits = SocketIOLimits(maximumAttachmentBytes: 64, maximumDepth: 40)
        let decoded = decode(first, limits)
        guard let packet = decoded else { return }
        check(packet.attachmentCount <= limits.maximumAttachments, "attachments are within their limit")
        check(packet.namespace.utf8.count <= 3 * limits.maximumNamespaceBytes, "a namespace is within its limit")
        check(packet.attachmentCount == 0 || packet.kind.isBinary, "only binary packets have attachments")
        reassemble(packet, messages.dropFirst(), limits)
        guard packet.kind == .event || packet.kind == .ack || packet.kind.isBinary, !packet.isEmptyEvent else { return }
        let arguments = Arguments(packet)
        use(arguments)
        // Passed on as it is, it is read the same.
        var written = ByteBuffer()
        if packet.kind == .event || packet.kind == .binaryEvent {
            SocketIOEncoder.event(arguments.name, namespace: packet.namespace, id: packet.id, into: &written) { $0.raw(arguments) }
        } else if let id = packet.id {
            SocketIOEncoder.ack(id: id, namespace: packet.namespace, into: &written) { $0.raw(arguments) }
        } else {
            return
        }
        // A namespace that is no UTF-8 is written with replacement characters, and may become too long.
        guard
            let again = decode(
                Array(written.readableBytesView)[...], SocketIOLimits(maximumNamespaceBytes: 1_024, maximumEventNameBytes: 8_192))
        else { return check(false, "what is written is a packet: \(String(buffer: written))") }
        check(Arguments(again).all == arguments.all && again.id == packet.id, "what is written is read the same")
    }

    private static func decode(_ text: ArraySlice<UInt8>, _ limits: SocketIOLimits) -> SocketIOPacket? {
        var packet: SocketIOPacket?
        bounded(by: 4 * text.count + 64, "decoding a packet") {
            packet = try? SocketIOPacket.decode(ByteBuffer(bytes: text), limits: limits, from: .server)
        }
        return packet
    }

    private static func use(_ arguments: Arguments) {
        for index in 0..<min(arguments.count, 8) {
            let slice = arguments[index]
            check((try? JSONSlice(validating: slice.bytes)) == slice, "an argument is valid JSON without blanks around it")
            let size = slice.bytes.readableBytes
            check(arguments.isWithin(maximumBytes: size, maximumDepth: 40, at: index), "an argument is within its own size")
            check(size == 0 || !arguments.isWithin(maximumBytes: size - 1, maximumDepth: 40, at: index), "and not within less")
            check(slice.isNested(deeperThan: 3) == !arguments.isWithin(maximumBytes: size, maximumDepth: 3, at: index), "depths agree")
        }
    }

    private static func reassemble(_ packet: SocketIOPacket, _ attachments: ArraySlice<ArraySlice<UInt8>>, _ limits: SocketIOLimits) {
        var reassembler = BinaryReassembler(limits: limits)
        do throws(SocketIOProtocolError) {
            guard case .pending = try reassembler.receive(packet) else {
                return check(packet.attachmentCount == 0 && !reassembler.isPending, "a packet without attachments is complete at once")
            }
            var received = 0
            for attachment in attachments {
                received += 1
                if case .complete(let whole, let gathered) = try reassembler.receive(binary: ByteBuffer(bytes: attachment)) {
                    check(gathered.count == packet.attachmentCount && received == gathered.count, "all attachments are there")
                    check(gathered.reduce(0) { $0 + $1.readableBytes } <= limits.maximumAttachmentBytes, "they are within their limit")
                    let arguments = Arguments(whole, attachments: gathered)
                    for index in 0..<min(arguments.count, 8) { _ = arguments.binary(at: index) }
                    break
                }
            }
        } catch {
            check(!reassembler.isPending, "a violation drops what was gathered")
        }
    }
}
