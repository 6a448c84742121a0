import DequeModule
import EngineIOCore
import NIOCore

extension EngineConnection {
    /// A GET: answered at once when packets wait, else when one comes.
    func poll(_ responder: EngineResponder) {
        confirm()
        if polling.isClosing {
            if !polling.isEmpty {
                polling.wait(responder)
                return flushPolling()
            }
            var body = ByteBuffer()
            PollingPayload.append(.noop, to: &body)
            PollingPayload.append(.close, to: &body)
            shard.remove(self)
            return responder.succeed(.payload(body))
        }
        if polling.hasWaitingGET {
            // Two GETs at once: the client is confused, and neither can be trusted with the packets.
            close(.transportError)
            return responder.fail(.badRequest)
        }
        polling.wait(responder)
        flushPolling()
        // The client has taken over once it is seen probing: its GET is not held back then.
        if session.upgrade == .probed { polling.release(with: .noop) }
    }

    /// The client gave up its waiting GET.
    func pollAborted() {
        guard polling.hasWaitingGET else { return }
        polling.forget()
        close(.transportError)
    }

    /// A POST's whole body: its packets are taken in order, up to the first that is none.
    func post(_ body: ByteBuffer, _ responder: EngineResponder) {
        confirm()
        guard !polling.isClosing else { return responder.succeed(.accepted) }
        var packets = PollingPayload.Reader(body)
        do throws(PollingPayload.ParseError) {
            while !session.isClosed, let packet = try packets.next() {
                switch packet {
                case .text(let type, let payload): receive(type, payload: payload)
                case .binary(let bytes): receive(binary: bytes)
                }
            }
        } catch {
            shard.counters.protocolErrors.add()
            close(.parseError)
            return responder.fail(.badRequest)
        }
        if isDirty { flush() }
        responder.succeed(.accepted)
    }

    /// A body that Engine.IO does not know how to read (`application/octet-stream`): the session dies.
    func postUnreadable(_ responder: EngineResponder) {
        shard.counters.protocolErrors.add()
        close(.transportError)
        responder.fail(.badRequest)
    }
}
