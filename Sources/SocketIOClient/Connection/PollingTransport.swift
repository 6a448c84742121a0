import EngineIOCore
import NIOCore
import NIOHTTP1
import SocketIOCore

/// The polling transport of a connection: waiting packets, and the requests that carry them.
final class PollingTransport {
    enum Packet {
        /// An Engine.IO packet, its type character included.
        case text(ByteBuffer)
        case binary(ByteBuffer)

        /// Its bytes in a payload, where binary is base64 behind one character.
        var encodedBytes: Int {
            switch self {
            case .text(let text): text.readableBytes
            case .binary(let bytes): (bytes.readableBytes + 2) / 3 * 4 + 1
            }
        }
    }

    private var connection: SocketIOConnection?
    private let gets: RequestChannel
    private let posts: RequestChannel
    private var waiting: [Packet] = []
    private(set) var queuedBytes = 0
    private var sid: String?
    /// nil: the session is open, or nothing of it is left.
    private var farewell: Farewell?
    private var maximumPayloadBytes = Int.max

    init(_ connection: SocketIOConnection) {
        self.connection = connection
        // Each is counted while it has a channel.
        let ended: () -> Void = { connection.channelClosed() }
        gets = RequestChannel(connection.plan, on: connection.loop, reached: { connection.reached($0) }, ended: ended)
        posts = RequestChannel(connection.plan, on: connection.loop, ended: ended)
    }

    func opened(_ packet: OpenPacket) {
        self.sid = packet.sid
        maximumPayloadBytes = packet.maximumPayloadBytes
    }

    // MARK: Sending

    /// Packets of one turn of the loop leave in one POST.
    func queue(_ packet: Packet) {
        guard let connection else { return }
        let isFirst = waiting.isEmpty
        waiting.append(packet)
        queuedBytes += packet.encodedBytes
        // `assumeIsolated()` stops the process off the loop: a connection is used on its own.
        if isFirst { connection.loop.eventLoop.assumeIsolated().execute { self.post() } }
    }

    /// All waiting packets, for the transport that takes over.
    func takeQueue() -> [Packet] {
        defer {
            waiting = []
            queuedBytes = 0
        }
        return waiting
    }

    private func post() {
        guard let connection, !waiting.isEmpty, connection.engine.nextPost() else { return }
        self.request(posts, sid: self.sid, body: nextBody(connection.plan.configuration.limits)) { connection, _ in
            connection.engine.postEnded()
            self.post()
            connection.completeUpgrade()
        }
    }

    /// As many packets as a server takes in one request, but at least one, which the server may refuse.
    private func nextBody(_ limits: ConnectionLimits) -> ByteBuffer {
        var body = ByteBuffer()
        var count = 0
        for packet in waiting.prefix(max(limits.maximumPacketsPerRequest, 1)) {
            guard count == 0 || body.readableBytes + 1 + packet.encodedBytes <= maximumPayloadBytes else { break }
            switch packet {
            case .text(let text): PollingPayload.append(encoded: text, to: &body)
            case .binary(let bytes): PollingPayload.append(binary: bytes, to: &body)
            }
            queuedBytes -= packet.encodedBytes
            count += 1
        }
        waiting.removeFirst(count)
        return body
    }

    // MARK: Receiving

    /// Whether a part of the answer to the GET has arrived that was not read.
    var hasUnread: Bool { gets.hasUnread }

    func get(sid: String?) {
        self.request(gets, sid: sid, body: nil) { connection, body in
            self.receive(body, connection)
            connection.engine.getEnded()
            self.proceed()
            connection.completeUpgrade()
        }
    }

    /// Starts the requests that are possible now.
    func proceed() {
        guard let connection else { return }
        if connection.engine.nextGet() { get(sid: self.sid) }
        post()
    }

    private func receive(_ body: ByteBuffer, _ connection: SocketIOConnection) {
        var reader = PollingPayload.Reader(body)
        do throws(PollingPayload.ParseError) {
            while self.connection != nil, let packet = try reader.next() { receive(packet, connection) }
        } catch {
            connection.violation("a malformed polling payload")
        }
    }

    private func receive(_ packet: PollingPayload.Packet, _ connection: SocketIOConnection) {
        guard case .text(let type, let payload) = packet else {
            guard case .binary(let bytes) = packet, connection.engine.isOpen else { return connection.violation("an early attachment") }
            return connection.receiveAttachment(bytes)
        }
        if type == .open, !connection.engine.isOpen { return connection.receiveOpen(payload) }
        switch connection.engine.receive(type, now: connection.loop.now) {
        case .deliver: connection.receiveMessage(ReceivedPacket(text: payload), at: 0)
        case .pong:
            if let deadline = connection.engine.heartbeatDeadline { connection.arm(deadline) }
            var pong = ByteBuffer()
            pong.writeInteger(EnginePacketType.pong.rawValue)
            pong.writeImmutableBuffer(payload)
            queue(.text(pong))
        case .close(.parseError): connection.violation("an unexpected Engine.IO packet")
        case .close(let reason): connection.end(reason, nil)
        case .ignore, .probed, .abandonWebSocket: break
        }
    }

    // MARK: Requests

    private func request(
        _ channel: RequestChannel, sid: String?, body: ByteBuffer?, _ completion: @escaping (SocketIOConnection, ByteBuffer) -> Void
    ) {
        guard let connection else { return }
        if !channel.hasChannel { connection.channels += 1 }
        channel.send(Self.httpRequest(connection.plan.configuration, sid: sid, body: body)) { result in
            guard let connection = self.connection else {
                if channel === self.posts, self.farewell != nil { self.restPosted(result) }
                return
            }
            switch result {
            case .success(let response) where response.status == 200: completion(connection, response.body)
            case .success(let response):
                let text = String(buffer: response.body.getSlice(at: 0, length: min(response.body.readableBytes, 16_384)) ?? ByteBuffer())
                connection.end(.transportError, .handshakeRefused(status: response.status, body: text))
            case .failure(let error): connection.end(.transportError, error)
            }
        }
    }

    private static func httpRequest(_ configuration: ConnectionConfiguration, sid: String?, body: ByteBuffer?) -> RequestChannel.Request {
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: configuration.url.hostField)
        for (name, value) in configuration.headers { headers.add(name: name, value: value) }
        headers.add(name: "Accept", value: "*/*")
        if let body {
            headers.add(name: "Content-Type", value: "text/plain;charset=UTF-8")
            headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        }
        return RequestChannel.Request(body == nil ? .GET : .POST, configuration.target(.polling, sid: sid), headers: headers, body: body)
    }

    // MARK: The end

    /// Sends what still waits, then ends the session on the server, then the channels.
    ///
    /// The GET that waits stays until then: a server takes its end for the end of the client, and takes no further packet.
    func sayClose() {
        guard let connection else { return }
        self.connection = nil
        var close = ByteBuffer()
        close.writeInteger(EnginePacketType.close.rawValue)
        waiting.append(.text(close))
        let time = TimeAmount(connection.plan.configuration.closeTimeout)
        // `assumeIsolated()` stops the process off the loop: everything here is called on it.
        let timer = connection.loop.eventLoop.assumeIsolated().scheduleTask(in: time) { self.endFarewell() }
        farewell = Farewell(connection: connection, timer: timer)
        // A POST that is under way goes on with the rest when it has been answered.
        if !connection.engine.isPostInFlight { postRest() }
    }

    /// The end of a session whose last packets are still leaving.
    private struct Farewell {
        let connection: SocketIOConnection
        let timer: Scheduled<Void>
    }

    private func postRest() {
        guard let connection = farewell?.connection, !waiting.isEmpty else { return endFarewell() }
        if !posts.hasChannel { connection.channels += 1 }
        let configuration = connection.plan.configuration
        let body = nextBody(configuration.limits)
        self.posts.send(Self.httpRequest(configuration, sid: self.sid, body: body)) { self.restPosted($0) }
    }

    private func restPosted(_ result: Result<RequestChannel.Response, SocketIOClientError>) {
        if case .success(let response) = result, response.status == 200 { postRest() } else { endFarewell() }
    }

    private func endFarewell() {
        farewell.take()?.timer.cancel()
        self.close()
    }

    func close() {
        self.connection = nil
        gets.close()
        posts.close()
    }
}
