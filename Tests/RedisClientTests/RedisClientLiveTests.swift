import Dispatch
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import RedisTesting
import Testing

@Suite("A client over TCP")
struct RedisClientLiveTests {
    @Test("commands of many tasks share writes, and each gets its own reply")
    func pipelining() async throws {
        let server = try await ScriptedServer.start { words in "+\(words.dropFirst().joined())\r\n" }
        try await RedisClient.with(port: server.port) { redis async throws in
            try await redis.ready(within: .seconds(120))
            let replies = Recorder<String>()
            // From one turn of the loop: one write.
            redis.eventLoop.execute {
                for number in 0..<100 {
                    redis.send(RedisCommand("GET", "\(number)")) { replies.record((try? $0.get().text) ?? "failed") }
                }
            }
            #expect(await replies.wait(for: 100) == (0..<100).map(String.init))
            #expect(server.reads.elements.map(\.count).reduce(0, +) == 100)
            #expect(server.reads.elements.count <= 2)
            // From many tasks.
            let all = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
                for number in 0..<200 { group.addTask { (number, try await redis.send("GET", "t\(number)").text) } }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(all == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, "t\($0)") }))
        }
        await server.stop()
    }

    @Test("while Redis is away commands wait; they are carried out when it is back")
    func away() async throws {
        let redis = try await InMemoryRedis.start()
        let port = redis.port
        try await RedisClient.with(port: port, { $0.timeouts.command = .seconds(60) }) { client async throws in
            try await client.set("a", "1")
            await redis.refuseConnections()
            let value = Recorder<String?>()
            client.send(RedisCommand("GET", "a")) { value.record(try? $0.get().text) }
            // A command that is on its way when the connection ends is lost, and says so; one that waits is not.
            redis.acceptConnections()
            let seen = await value.wait(for: 1)
            #expect(seen == ["1"] || seen == [nil])
            #expect(try await client.get("a").map { String(buffer: $0) } == "1")
            #expect(await client.status().connections >= 2)
        }
        await redis.shutDown()
    }

    @Test("a queue that is full refuses at once, with a clear error; health says why")
    func full() async throws {
        // Nobody listens on port 1.
        try await RedisClient.with(
            port: 1,
            {
                $0.limits.maximumQueuedCommands = 2
                $0.timeouts.command = .seconds(300)
            }
        ) { client async throws in
            for _ in 0..<2 { client.send(RedisCommand("GET", "a")) { _ in } }
            let error = await #expect(throws: RedisError.self) { try await client.get("a") }
            #expect(error?.code == .queueFull)
            #expect(error?.mayHaveBeenExecuted == false)
            let status = await client.status()
            #expect(status.queuedCommands == 2)
            #expect(status.state != .ready)
        }
    }

    @Test("a loop that does not get to its commands is handed no more than the queue may hold")
    func busyLoop() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = RedisConfiguration(port: 1)
        configuration.limits.maximumQueuedCommands = 3
        let client = try RedisClient(configuration, on: group.next(), logger: .quiet)
        let answers = Recorder<RedisError>()
        let (isBusy, mayGoOn) = (Recorder<Void>(), DispatchSemaphore(value: 0))
        group.next().execute {
            isBusy.record(())
            mayGoOn.wait()
        }
        await isBusy.wait(for: 1)
        for _ in 0..<3 { client.send(RedisCommand("GET", "a")) { if case .failure(let error) = $0 { answers.record(error) } } }
        #expect(answers.elements.isEmpty)
        client.send(RedisCommand("GET", "a")) { if case .failure(let error) = $0 { answers.record(error) } }
        #expect(answers.elements == [RedisError(.queueFull, "the client's event loop is busy")])
        mayGoOn.signal()
        await client.close()
        #expect(await answers.wait(for: 4).dropFirst().allSatisfy { $0.code == .closed })
        try await group.shutdownGracefully()
    }

    @Test("a server that never answers: the command fails in its time, and the connection is made anew")
    func silence() async throws {
        let server = try await ScriptedServer.start { words in words.first == "HANG" ? nil : "+OK\r\n" }
        try await RedisClient.with(port: server.port) { client async throws in
            try await client.ready(within: .seconds(120))
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("HANG"), timeout: .seconds(1))
            }
            #expect(error?.code == .timedOut)
            #expect(error?.mayHaveBeenExecuted == true)
            #expect(try await client.send("GET", "a") == .simpleString("OK"))
            #expect(await client.status().connections == 2)
        }
        await server.stop()
    }

    @Test("a cancelled task stops waiting")
    func cancellation() async throws {
        let server = try await ScriptedServer.start { _ in nil }
        try await RedisClient.with(port: server.port, { $0.timeouts.command = .seconds(600) }) { client async throws in
            let task = Task { try await client.send("HANG") }
            await server.reads.wait(for: 1)
            task.cancel()
            let error = await #expect(throws: RedisError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
        await server.stop()
    }

    @Test("garbage from the server ends the connection, and only it")
    func garbage() async throws {
        let server = try await ScriptedServer.start { words in words.first == "BAD" ? "HTTP/1.1 400\r\n" : "+OK\r\n" }
        try await RedisClient.with(port: server.port) { client async throws in
            let error = await #expect(throws: RedisError.self) { try await client.send("BAD") }
            #expect(error?.code == .protocolViolation)
            #expect(try await client.send("GET", "a") == .simpleString("OK"))
        }
        await server.stop()
    }

    @Test("a closed client refuses commands, and waiting ones fail")
    func closing() async throws {
        let server = try await ScriptedServer.start { _ in nil }
        try await RedisClient.with(port: server.port, { $0.timeouts.command = .seconds(600) }) { client async throws in
            let waiting = Recorder<RedisError.Code?>()
            client.send(RedisCommand("HANG")) { if case .failure(let error) = $0 { waiting.record(error.code) } }
            await server.reads.wait(for: 1)
            await client.close()
            #expect(await waiting.wait(for: 1) == [.closed])
            let error = await #expect(throws: RedisError.self) { try await client.send("GET", "a") }
            #expect(error?.code == .closed)
        }
        await server.closes.wait(for: 1)
        await server.stop()
    }

    @Test("a released client closes its connection")
    func dropped() async throws {
        let server = try await ScriptedServer.start { _ in "+OK\r\n" }
        do {
            let client = try RedisClient(
                RedisConfiguration(port: server.port), on: MultiThreadedEventLoopGroup.singleton.next(), logger: .quiet)
            try await client.ready(within: .seconds(120))
        }
        await server.closes.wait(for: 1)
        #expect(server.closes.elements.count == 1)
        await server.stop()
    }

    @Test("users: the right password comes in, a wrong one is told by health, and no secret is", arguments: availableBackends)
    func users(backend: Backend) async throws {
        let memory = backend == .memory ? try await InMemoryRedis.start(users: ["ann": "hush hush", "default": "other"]) : nil
        let server =
            backend == .server
            ? try await RedisServerProcess.start(arguments: [
                "--user", "ann", "on", ">hush hush", "~*", "&*", "+@all", "--requirepass", "other",
            ]) : nil
        let port = memory?.port ?? server?.port ?? 0
        try await RedisClient.with(port: port, { $0.credentials = RedisCredentials(user: "ann", password: "hush hush") }) {
            try await $0.set("a", "1")
        }
        try await RedisClient.with(port: port, { $0.credentials = RedisCredentials(password: "other") }) { client async throws in
            #expect(try await client.get("a") == ByteBuffer(string: "1"))
        }
        for credentials in [nil, RedisCredentials(user: "ann", password: "wrong")] {
            try await RedisClient.with(port: port, { $0.credentials = credentials }) { client async throws in
                let error = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("GET", "a"), timeout: .milliseconds(50))
                }
                #expect(error?.code == .timedOut)
                let failure = await client.failure()
                #expect(failure.code == .refused)
                #expect(failure.reply?.kind == (credentials == nil ? "NOAUTH" : "WRONGPASS"))
                #expect(!"\(failure) \(String(describing: error))".contains("wrong"))
            }
        }
        await memory?.shutDown()
        server?.stop()
    }

    @Test("databases are apart", arguments: availableBackends)
    func databases(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port, { $0.database = 3 }) { try await $0.set("a", "three") }
            try await RedisClient.with(port: port) { client async throws in
                #expect(try await client.get("a") == nil)
            }
            try await RedisClient.with(port: port, { $0.database = 3 }) { client async throws in
                #expect(try await client.get("a") == ByteBuffer(string: "three"))
            }
        }
    }

    @Test("a transaction is one step; what is refused while it is queued undoes it", arguments: availableBackends)
    func transactions(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                try await redis.set("text", "x")
                let results = try await redis.transaction([
                    RedisCommand("INCR", "n"), RedisCommand("INCR", "text"), RedisCommand("INCR", "n"),
                ])
                #expect(try results[0].get() == .integer(1))
                #expect(throws: RedisError.self) { try results[1].get() }
                #expect(try results[2].get() == .integer(2))
                let error = await #expect(throws: RedisError.self) {
                    try await redis.transaction([RedisCommand("INCR", "n"), RedisCommand("GET")])
                }
                #expect(error?.reply?.kind == "EXECABORT")
                #expect(try await redis.get("n") == ByteBuffer(string: "2"))
            }
        }
    }

    @Test("large values, and bytes of any kind", arguments: availableBackends)
    func largeValues(backend: Backend) async throws {
        try await withBackend(backend) { port async throws in
            try await RedisClient.with(port: port) { redis async throws in
                let bytes = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                try await redis.set("large", .bytes(bytes))
                #expect(try await redis.get("large") == bytes)
            }
        }
    }
}
