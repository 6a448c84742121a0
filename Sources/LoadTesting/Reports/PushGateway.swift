import NIOCore
import NIOHTTP1
import NIOPosix
import SocketIOClient

/// Hands a running test's metrics to a Prometheus push gateway: `PUT URL/metrics/job/dunlin`. Each push replaces the one before.
public final class PushGateway: Sendable {
    private let target: String
    private let loop: any EventLoop
    private let plan: ConnectionPlan
    private let channel: NIOLoopBoundBox<RequestChannel>
    private let host: String
    private let isBusy: NIOLoopBoundBox<Bool>
    /// The newest figures that came during a push. They are pushed after it.
    private let waiting: NIOLoopBoundBox<Push?>

    private struct Push {
        let text: String
        let patience: TimeAmount
        let promise: EventLoopPromise<Void>
    }

    private static let patience = TimeAmount.seconds(10)

    public struct Failure: Error, CustomStringConvertible, Sendable {
        public var description: String
    }

    /// - Parameter url: the gateway's URL. A path with a job, such as `/metrics/job/nightly/instance/a`, is used as it is.
    /// - Throws: ``Failure`` if it is not a valid URL.
    public init(_ url: String) throws(Failure) {
        guard let parsed = RequestURL(url) else {
            throw Failure(description: "the push gateway's URL is not valid: write http://HOST:PORT")
        }
        let configuration: ConnectionConfiguration
        do {
            configuration = try ConnectionConfiguration(parsed.origin)
        } catch {
            throw Failure(description: "the push gateway's URL is not valid: \(error)")
        }
        let path = parsed.target == "/" ? "" : parsed.target.hasSuffix("/") ? String(parsed.target.dropLast()) : parsed.target
        target = path.contains("/job/") ? path : path + "/metrics/job/dunlin"
        host = configuration.url.hostField
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        let plan = ConnectionPlan(configuration)
        self.plan = plan
        let channel = RequestChannel(plan, on: ClientLoop(loop), ended: {})
        self.channel = .makeBoxSendingValue(channel, eventLoop: loop)
        isBusy = .makeBoxSendingValue(false, eventLoop: loop)
        waiting = .makeBoxSendingValue(nil, eventLoop: loop)
    }

    /// Pushes metrics in the text format. A push during another one waits for it; if a newer one comes meanwhile, it is left out.
    ///
    /// - Throws: ``Failure`` if the gateway cannot be reached or refuses.
    public func push(_ text: String) async throws { try await push(text, patience: Self.patience) }

    /// - Parameter patience: how long the gateway may take for its answer.
    func push(_ text: String, patience: TimeAmount) async throws {
        let push = Push(text: text, patience: patience, promise: loop.makePromise())
        loop.execute {
            guard !self.isBusy.value else {
                self.waiting.value?.promise.succeed()
                self.waiting.value = push
                return
            }
            self.isBusy.value = true
            self.send(push)
        }
        try await push.promise.futureResult.get()
    }

    private func send(_ push: Push) {
        let promise = push.promise
        let body = ByteBuffer(string: push.text)
        let headers: HTTPHeaders = [
            "host": host, "content-type": "text/plain; version=0.0.4; charset=utf-8", "content-length": "\(body.readableBytes)",
        ]
        // `assumeIsolated()` stops the process off the loop: this is called on it.
        let timer = loop.assumeIsolated().scheduleTask(in: push.patience) {
            // A connection whose last request has no answer takes no other: the next push opens one.
            self.channel.value.close()
            self.channel.value = RequestChannel(self.plan, on: ClientLoop(self.loop), ended: {})
            promise.fail(Failure(description: "the push gateway does not answer"))
            self.pushWaiting()
        }
        channel.value.send(RequestChannel.Request(.PUT, target, headers: headers, body: body)) { result in
            timer.cancel()
            defer { self.pushWaiting() }
            switch result {
            case .success(let response) where (200..<300).contains(response.status): promise.succeed()
            case .success(let response): promise.fail(Failure(description: "the push gateway answers with status \(response.status)"))
            case .failure(let error): promise.fail(Failure(description: "the push gateway cannot be reached: \(error)"))
            }
        }
    }

    private func pushWaiting() {
        guard let next = waiting.value else {
            isBusy.value = false
            return
        }
        waiting.value = nil
        send(next)
    }

    /// Ends the connection.
    public func close() {
        loop.execute { self.channel.value.close() }
    }
}
