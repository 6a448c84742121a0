import NIOCore
import NIOHTTP1
import SocketIOClient

/// The HTTP requests of one virtual user. The user has its own connections, one per server and request under way, and keeps them alive. Lives
/// on its player's loop.
final class UserRequests {
    enum Outcome {
        case response(HTTPResponseValue)
        case timeout
        case failure(SocketIOClientError)
    }

    typealias Completion = (Outcome) -> Void

    private let player: LoopPlayer
    private let user: Int
    /// Idle connections.
    private var idle: [(key: Key, channel: RequestChannel)] = []
    private var busy: [(channel: RequestChannel, timer: Scheduled<Void>)] = []

    private struct Key: Hashable {
        var origin: String
        var verifiesCertificates: Bool
    }

    /// A connection with its current request.
    private struct Exchange {
        let key: Key
        let channel: RequestChannel
        let request: RequestChannel.Request
        let timer: Scheduled<Void>
        let completion: Completion
    }

    init(user: Int, player: LoopPlayer) {
        self.player = player
        self.user = user
    }

    /// Sends a request. The completion may be called at once, if the request cannot be sent.
    func send(_ value: HTTPRequestValue, _ completion: @escaping Completion) {
        guard let url = RequestURL(value.url) else { return completion(.failure(.invalidURL(value.url))) }
        let key = Key(origin: url.origin, verifiesCertificates: value.verifiesCertificates)
        let channel: RequestChannel
        let request: RequestChannel.Request
        do throws(SocketIOClientError) {
            let plan = try player.plan(origin: url.origin, verifies: value.verifiesCertificates, user: user)
            request = try Self.request(value, target: url.target, host: plan.configuration.url.hostField)
            channel = self.channel(key, plan)
        } catch {
            return completion(.failure(error))
        }
        // `assumeIsolated()` stops the process if it is called off the loop. A user is always played on its loop.
        let timer = player.loop.assumeIsolated().scheduleTask(in: TimeAmount(value.timeout)) {
            channel.close()
            self.busy.removeAll { $0.channel === channel }
            completion(.timeout)
        }
        busy.append((channel, timer))
        start(Exchange(key: key, channel: channel, request: request, timer: timer, completion: completion), isSecond: false)
    }

    private func channel(_ key: Key, _ plan: ConnectionPlan) -> RequestChannel {
        if let index = idle.lastIndex(where: { $0.key == key }) { return idle.remove(at: index).channel }
        let player = self.player
        return RequestChannel(plan, on: player.client, ended: { player.connectionClosed() })
    }

    /// - Parameter isSecond: True for the second attempt, after the server closed a kept connection just when a request came.
    private func start(_ exchange: Exchange, isSecond: Bool) {
        let wasOpen = exchange.channel.hasChannel
        if !wasOpen { player.connectionOpened() }
        exchange.channel.send(exchange.request) { result in
            if case .failure(.connectFailed) = result, wasOpen, !isSecond, exchange.request.method.isIdempotent {
                return self.start(exchange, isSecond: true)
            }
            exchange.timer.cancel()
            self.busy.removeAll { $0.channel === exchange.channel }
            switch result {
            case .success(let response):
                self.idle.append((exchange.key, exchange.channel))
                let headers = response.headers.map { HTTPField($0.name, $0.value) }
                exchange.completion(.response(HTTPResponseValue(status: response.status, headers: headers, body: response.body)))
            case .failure(let error): exchange.completion(.failure(error))
            }
        }
    }

    private static func request(
        _ value: HTTPRequestValue, target: String, host: String
    ) throws(SocketIOClientError) -> RequestChannel.Request {
        var headers = HTTPHeaders()
        for field in value.headers {
            guard Self.isValid(field) else { throw .invalidURL("the header field '\(field.name)'") }
            headers.add(name: field.name, value: field.value)
        }
        func add(_ name: String, _ text: String) { if !headers.contains(name: name) { headers.add(name: name, value: text) } }
        add("host", host)
        add("user-agent", "dunlin")
        add("accept", "*/*")
        if let body = value.body {
            headers.replaceOrAdd(name: "content-length", value: "\(body.readableBytes)")
        } else if ["POST", "PUT", "PATCH"].contains(value.method) {
            headers.replaceOrAdd(name: "content-length", value: "0")
        }
        return RequestChannel.Request(HTTPMethod(rawValue: value.method), target, headers: headers, body: value.body)
    }

    /// A line end in a name or value would forge further fields.
    private static func isValid(_ field: HTTPField) -> Bool {
        !field.name.isEmpty && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
            && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    /// Ends all connections. Requests under way get no answer.
    func close() {
        for entry in idle { entry.channel.close() }
        for (channel, timer) in busy {
            timer.cancel()
            channel.close()
        }
        idle = []
        busy = []
    }
}

extension HTTPMethod {
    /// Whether the method is idempotent (RFC 9110 §9.2.2).
    fileprivate var isIdempotent: Bool { [.GET, .HEAD, .PUT, .DELETE, .OPTIONS].contains(self) }
}
