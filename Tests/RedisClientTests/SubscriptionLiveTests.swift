import Foundation
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import Testing

@Suite("Channels over TCP")
struct SubscriptionLiveTests {
    @Test("channels, patterns and sharded channels deliver bytes in order", arguments: availableBackends)
    func delivery(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { subscriber async throws in
                try await RedisClient.with(port: port) { publisher async throws in
                    let events = Recorder<RedisSubscriptionEvent>()
                    let kinds: [RedisSubscription] = [.channel("news"), .pattern("n?w*"), .shard("news")]
                    for kind in kinds { subscriber.subscribe(to: kind) { events.record($0) } }
                    await events.wait(for: 3)
                    let payload = ByteBuffer(bytes: [0, 13, 10, 255])
                    #expect(try await publisher.publish(.bytes(payload), to: "news") == 2)
                    #expect(try await publisher.publish("shard", toShard: "news") == 1)
                    #expect(try await publisher.publish("nobody", to: "weather") == 0)
                    #expect(try await publisher.subscriberCount(of: .channel("news")) == 1)
                    #expect(try await publisher.subscriberCount(of: .shard("news")) == 1)
                    let seen = await events.wait(for: 6)
                    #expect(
                        seen.dropFirst(3) == [
                            .message(channel: "news", payload: payload), .message(channel: "news", payload: payload),
                            .message(channel: "news", payload: ByteBuffer(string: "shard")),
                        ])
                    // Commands and subscriptions share the connection.
                    try await subscriber.set("a", "1")
                    // And many messages keep their order.
                    for number in 0..<500 { publisher.send(RedisCommand("PUBLISH", "news", "\(number)")) { _ in } }
                    let numbers = await events.wait(for: 1_006).dropFirst(6).compactMap { event -> String? in
                        if case .message(_, let payload) = event { String(buffer: payload) } else { nil }
                    }
                    #expect(numbers == (0..<500).flatMap { [String($0), String($0)] })
                }
            }
        }
    }

    @Test("subscribers of one channel share it; the last one's end is Redis's end", arguments: availableBackends)
    func sharing(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { client async throws in
                let (one, other) = (Recorder<RedisSubscriptionEvent>(), Recorder<RedisSubscriptionEvent>())
                let first = client.subscribe(to: .channel("c")) { one.record($0) }
                await one.wait(for: 1)
                // The second hears that it stands, though Redis is not asked again.
                let second = client.subscribe(to: .channel("c")) { other.record($0) }
                await other.wait(for: 1)
                #expect(try await client.publish("1", to: "c") == 1)
                await one.wait(for: 2)
                client.cancel(first)
                #expect(try await client.publish("2", to: "c") == 1)
                await other.wait(for: 3)
                #expect(one.elements.count == 2)
                client.cancel(second)
                #expect(try await client.publish("3", to: "c") == 0)
                #expect(await client.status().subscriptions == 0)
            }
        }
    }

    @Test("after a lost connection everything is subscribed again, and the gap is told")
    func gap() async throws {
        let redis = try await InMemoryRedis.start()
        try await RedisClient.with(port: redis.port) { client async throws in
            let events = Recorder<RedisSubscriptionEvent>()
            client.subscribe(to: .channel("c")) { events.record($0) }
            await events.wait(for: 1)
            await redis.disconnectAll()
            let seen = await events.wait(for: 3)
            #expect(seen[0] == .established)
            guard case .interrupted(let error) = seen[1] else {
                Issue.record("no interruption was told: \(seen)")
                return
            }
            #expect(error.code == .connectionLost)
            #expect(seen[2] == .established)
            #expect(try await redis.session().publish("after", to: "c") == 1)
            #expect(await events.wait(for: 4).last == .message(channel: "c", payload: ByteBuffer(string: "after")))
        }
        await redis.shutDown()
    }

    @Test("a killed server that comes back is found again", .enabled(if: RedisServerProcess.path != nil, serverIsMissing))
    func killed() async throws {
        let first = try await RedisServerProcess.start()
        try await RedisClient.with(port: first.port) { client async throws in
            let events = Recorder<RedisSubscriptionEvent>()
            client.subscribe(to: .channel("c")) { events.record($0) }
            await events.wait(for: 1)
            first.stop()
            await events.wait(for: 2)
            let second = try await RedisServerProcess.start(port: first.port)
            #expect(await events.wait(for: 3).last == .established)
            #expect(try await client.publish("x", to: "c") == 1)
            second.stop()
        }
    }

    @Test("a stopped server is detected by its silence", .enabled(if: RedisServerProcess.path != nil, serverIsMissing))
    func stopped() async throws {
        let server = try await RedisServerProcess.start()
        try await RedisClient.with(
            port: server.port,
            {
                $0.timeouts.silence = .milliseconds(50)
                $0.timeouts.ping = .milliseconds(100)
                $0.timeouts.connect = .milliseconds(200)
            }
        ) { client async throws in
            let events = Recorder<RedisSubscriptionEvent>()
            client.subscribe(to: .channel("c")) { events.record($0) }
            await events.wait(for: 1)
            server.signal(SIGSTOP)
            // A slow machine may see more of them, before and after.
            await events.wait { $0.last == .interrupted(RedisError(.timedOut, "no reply")) }
            server.signal(SIGCONT)
            let seen = await events.wait { $0.count >= 3 && $0.last == .established }
            #expect(seen.contains(.interrupted(RedisError(.timedOut, "no reply"))))
        }
        server.stop()
    }

    @Test("an asynchronous sequence reports that its reader did not keep up", arguments: availableBackends)
    func sequence(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { client async throws in
                let texts = try await client.withSubscription(to: .channel("c")) { events in
                    var texts: [String] = []
                    for try await event in events {
                        switch event {
                        case .established: for text in ["a", "b", "c"] { try await client.publish(.text(text), to: "c") }
                        case .message(_, let payload): texts.append(String(buffer: payload))
                        case .interrupted, .failed: break
                        }
                        if texts.count == 3 { break }
                    }
                    return texts
                }
                #expect(texts == ["a", "b", "c"])
                let error = await #expect(throws: RedisError.self) {
                    try await client.withSubscription(to: .channel("c"), maximumBufferedEvents: 2) { events in
                        var iterator = events.makeAsyncIterator()
                        _ = try await iterator.next()
                        // Two fit, the third does not; the replies show that all have been handed out.
                        for text in ["a", "b", "c"] { try await client.publish(.text(text), to: "c") }
                        while try await iterator.next() != nil {}
                    }
                }
                #expect(error?.code == .slowSubscriber)
            }
        }
    }

    @Test(
        "a channel that the user may not hear is refused, and only it", .enabled(if: RedisServerProcess.path != nil, serverIsMissing))
    func refused() async throws {
        let server = try await RedisServerProcess.start(arguments: ["--user", "ann", "on", ">p", "~*", "resetchannels", "&open*", "+@all"])
        try await RedisClient.with(port: server.port, { $0.credentials = RedisCredentials(user: "ann", password: "p") }) {
            client async throws in
            let (open, secret) = (Recorder<RedisSubscriptionEvent>(), Recorder<RedisSubscriptionEvent>())
            client.subscribe(to: .channel("open1")) { open.record($0) }
            client.subscribe(to: .channel("secret")) { secret.record($0) }
            #expect(await open.wait(for: 1) == [.established])
            guard case .failed(let error)? = await secret.wait(for: 1).first else {
                Issue.record("it was not refused")
                return
            }
            #expect(error.reply?.kind == "NOPERM")
        }
        server.stop()
    }
}
