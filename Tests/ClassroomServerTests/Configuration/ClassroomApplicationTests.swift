import ClassroomServer
import Foundation
import Logging
import ServiceLifecycle
import Testing

@Suite("Embedded classroom", .timeLimit(.minutes(10)))
struct ClassroomApplicationTests {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func withClassroom(_ body: (ListeningAddress) async throws -> Void) async throws {
        try await withClassroom(configured: { _ in }, body)
    }

    /// Runs a classroom on a free port, hands its address to `body`, and drains it.
    private func withClassroom(
        configured change: (inout ClassroomConfiguration) -> Void, _ body: (ListeningAddress) async throws -> Void
    ) async throws {
        let (addresses, continuation) = AsyncStream.makeStream(of: ListeningAddress.self)
        let configuration = ClassroomConfiguration {
            $0.port = 0
            $0.database = "memory:"
            $0.drainNotice = .zero
            change(&$0)
        }
        let classroom = ClassroomApplication(configuration: configuration, logger: Self.logger) { continuation.yield($0) }
        let group = ServiceGroup(services: [classroom], logger: Self.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
            }
            if let address = await addresses.first(where: { _ in true }) {
                try await body(address)
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    @Test("a classroom listens on a free port, serves its parts and drains")
    func lifecycle() async throws {
        try await withClassroom { address in
            #expect(address.port > 0)
            #expect(address.url == "http://127.0.0.1:\(address.port)")
            for (path, part) in [
                ("/readyz", "HTTP/1.1 200"), ("/", "<!doctype html>"), ("/metrics", "\ndunlin_connections 0\n"),
                ("/metrics", "\ndunlin_handshakes_total{result=\"origin\"} 0\n"),
                ("/metrics", "\ndunlin_joins_total{result=\"failed\"} 0\n"),
                ("/metrics", "\ndunlin_commit_batch_size_bucket{le=\"1024\"}"),
                ("/socket.io/?EIO=4&transport=polling", "\"upgrades\":[\"websocket\"]"),
            ] {
                let answer = try await RawHTTP.get(path, port: address.port)
                #expect(answer.contains(part), "\(path)")
            }
        }
    }

    @Test("a foreign origin gets 403 on both transports, the own one and none pass")
    func origins() async throws {
        try await withClassroom(configured: { $0.allowedOrigins = ["https://school.example"] }) { address in
            let own = "http://127.0.0.1:\(address.port)"
            for (origin, isAllowed) in [(own, true), ("https://school.example", true), ("https://evil.example", false), ("null", false)] {
                let polling = try await RawHTTP.get("/socket.io/?EIO=4&transport=polling", port: address.port, headers: ["Origin": origin])
                #expect(polling.hasPrefix(isAllowed ? "HTTP/1.1 200" : "HTTP/1.1 403"), "\(origin)")
            }
            let upgrade = [
                "Origin": "https://evil.example", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            ]
            let socket = try await RawHTTP.get("/socket.io/?EIO=4&transport=websocket", port: address.port, headers: upgrade)
            #expect(socket.hasPrefix("HTTP/1.1 403"))
        }
    }

    @Test("the demo's token opens the API that its link leads to")
    func demo() async throws {
        try await withClassroom(configured: { $0.isDemo = true }) { address in
            let link = try #require(address.demoLinks.first { $0.role == "host" })
            let token = try #require(link.url.split(separator: "token=").last?.split(separator: "&").first)
            let answer = try await RawHTTP.get("/api/v1/quizzes", port: address.port, headers: ["Authorization": "Bearer \(token)"])
            #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("Everyday mysteries"))
        }
    }

    @Test("a taken port is told as such")
    func takenPort() async throws {
        try await withClassroom { address in
            let error = await #expect(throws: StartupError.self) {
                try await withClassroom(configured: { $0.port = address.port }) { _ in
                }
            }
            #expect(error?.kind == .addressInUse)
        }
    }

    @Test("a start that finds its port taken leaves the running server's database alone")
    func takenPortWithOneDatabase() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let tokens = directory.appendingPathComponent("tokens.json")
        try Data(#"{"late_token": {"id": "late"}}"#.utf8).write(to: tokens)
        let database = "sqlite:\(directory.path)/test.sqlite"
        let demo: (inout ClassroomConfiguration) -> Void = {
            $0.isDemo = true
            $0.database = database
        }
        try await withClassroom(configured: demo) { address in
            let link = try #require(address.demoLinks.first { $0.role == "host" })
            let token = try #require(link.url.split(separator: "token=").last?.split(separator: "&").first)
            await #expect(throws: StartupError.self) {
                try await withClassroom(configured: {
                    demo(&$0)
                    $0.port = address.port
                    $0.tokensFile = tokens.path
                }) { _ in
                }
            }
            for (token, status) in [(String(token), 200), ("late_token", 401)] {
                let answer = try await RawHTTP.get("/api/v1/quizzes", port: address.port, headers: ["Authorization": "Bearer \(token)"])
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(token)")
            }
        }
    }

    @Test("a PostgreSQL that does not answer is told, without the URL's password")
    func postgres() async throws {
        let error = await #expect(throws: StartupError.self) {
            try await withClassroom(configured: { $0.database = "postgres://user:hunter2@127.0.0.1:1/name" }) { _ in
            }
        }
        #expect(error?.kind == .databaseUnavailable)
        #expect(error?.description.contains("hunter2") == false && error?.description.contains("127.0.0.1:1/name") == true)
    }
}
