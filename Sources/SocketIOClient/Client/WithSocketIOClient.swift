public import NIOCore
public import NIOPosix
import SocketIOCore

/// Runs a client for as long as `body` runs.
///
///     try await withSocketIOClient("https://example.org") { client in
///         let room = try await client.emitWithAck("chat:join", "swift").decode(Room.self)
///         for try await event in client.events("chat:message") { … }
///     }
///
/// The client connects at once, and `body` starts meanwhile: its events wait for the connection. When `body` has returned or thrown, the
/// client sends the events that still wait, leaves its namespaces and closes its connections; no task, timer or channel is left.
/// ``ConnectionConfiguration/closeTimeout`` bounds the wait. A cancelled task does not wait for a connection.
///
/// - Parameters:
///   - url: `http(s)://host[:port][/namespace]`.
///   - body: gets the socket of the URL's namespace.
/// - Throws: the error of `body`; ``SocketIOClientError/invalidURL(_:)``; ``SocketIOClientError/connectFailed(_:)`` if the URL asks for TLS and its
///   settings are of no use, or this build has none: no further attempt would help.
public func withSocketIOClient<Value>(
    _ url: String, eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, _ body: (ClientSocket) async throws -> Value
) async throws -> Value {
    try await withSocketIOClient(SocketIOClientConfiguration(url), eventLoopGroup: eventLoopGroup, body)
}

/// Runs a client as configured for as long as `body` runs.
public func withSocketIOClient<Value>(
    _ configuration: SocketIOClientConfiguration, eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    _ body: (ClientSocket) async throws -> Value
) async throws -> Value {
    let eventLoop = eventLoopGroup.next()
    let plan = ClientPlan(configuration, on: eventLoop)
    do {
        _ = try plan.connection.tls?.get()
    } catch {
        throw error as? SocketIOClientError ?? .connectFailed("\(error)")
    }
    let namespace = configuration.connection.url.namespace
    let (works, work) = AsyncStream.makeStream(of: ClientWork.self)
    let runtime = try await eventLoop.submit {
        let runtime = ClientRuntime(plan, on: ClientLoop(eventLoop), work: work)
        runtime.want(namespace)
        runtime.connect()
        return NIOLoopBound(runtime, eventLoop: eventLoop)
    }.get()
    async let running: Void = run(works, for: runtime, plan)
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(ClientSocket(runtime, plan, namespace)))
    } catch {
        result = .failure(error)
    }
    // A future ignores cancellation, so the client closes even if this task was cancelled.
    let isPatient = !Task.isCancelled
    try? await eventLoop.flatSubmit { runtime.value.close(isPatient: isPatient) }.get()
    await running
    return try result.get()
}

/// Awaits the client's work until the client is closed.
private func run(_ works: AsyncStream<ClientWork>, for runtime: NIOLoopBound<ClientRuntime>, _ plan: ClientPlan) async {
    await withDiscardingTaskGroup { group in
        for await work in works {
            group.addTask {
                switch work {
                case .wait(let delay, let attempt):
                    guard (try? await plan.configuration.clock.sleep(for: delay)) != nil else { return }
                    plan.eventLoop.execute { runtime.value.reconnect(attempt) }
                case .authenticate(let namespace, let provider, let connection):
                    let result: Result<JSONSlice?, any Error>
                    do { result = .success(try await provider(namespace)) } catch { result = .failure(error) }
                    plan.eventLoop.execute { runtime.value.authenticated(namespace, result, for: connection.value) }
                }
            }
        }
        group.cancelAll()
    }
}
