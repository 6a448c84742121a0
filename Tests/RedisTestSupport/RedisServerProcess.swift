import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A real `redis-server`: a child in the foreground, on a free port of the loopback interface, with its files in a folder of its own.
/// It is ended by its process id.
///
/// Spawned without Foundation's `Process`, whose `waitUntilExit()` may wait for ever when several are started at once.
package final class RedisServerProcess: Sendable {
    package let port: Int
    private let id: pid_t
    private let folder: URL
    private let hasEnded = NIOLockedValueBox(false)

    package static let path = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    package struct DidNotStart: Error {}

    private init(_ id: pid_t, port: Int, folder: URL) {
        self.id = id
        self.port = port
        self.folder = folder
    }

    /// - Parameters:
    ///   - withTLS: its one port speaks TLS; the options that name the files are among `arguments`.
    ///   - arguments: more options of the server.
    package static func start(port: Int? = nil, withTLS: Bool = false, arguments: [String] = []) async throws -> RedisServerProcess {
        guard let path = Self.path else { throw DidNotStart() }
        // Another process may take the port between the look and the start: then Redis ends, and another is tried.
        for _ in 0..<5 {
            let port = if let port { port } else { try await Self.freePort() }
            let folder = FileManager.default.temporaryDirectory.appending(path: "dunlin-redis-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let words =
                [path] + (withTLS ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"])
                + ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path, "--daemonize", "no"]
                + ["--logfile", ""] + arguments
            let (id, output) = try Self.spawn(words)
            let server = RedisServerProcess(id, port: port, folder: folder)
            // A connection would not tell: another server may have got the port.
            if await Self.saysThatItIsReady(output) { return server }
            server.stop()
        }
        throw DidNotStart()
    }

    /// - Returns: the process, and the end of a pipe that its log comes out of.
    private static func spawn(_ words: [String]) throws -> (pid_t, Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw DidNotStart() }
        defer { close(ends[1]) }
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        // A child that inherited another test's listening socket would keep its port taken. One that is not open is no error.
        for descriptor in 3..<1_024 as Range<Int32> { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var id = pid_t()
        guard posix_spawn(&id, words[0], &actions, nil, &arguments, environ) == 0 else {
            close(ends[0])
            throw DidNotStart()
        }
        return (id, ends[0])
    }

    private static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    /// Waits until its log says that it takes connections, or ends. The log is read to its end: a full pipe would stop the server.
    private static func saysThatItIsReady(_ output: Int32) async -> Bool {
        let (answers, continuation) = AsyncStream.makeStream(of: Bool.self)
        Thread.detachNewThread {
            var log = ""
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while case let count = read(output, &chunk, chunk.count), count > 0 {
                log += String(decoding: chunk.prefix(count), as: UTF8.self)
                guard log.contains("Ready to accept connections") else { continue }
                continuation.yield(true)
                log = ""
            }
            close(output)
            continuation.yield(false)
        }
        return await answers.first { _ in true } ?? false
    }

    /// Whether it has ended.
    private func wait(_ options: Int32) -> Bool {
        self.hasEnded.withLockedValue { hasEnded in
            if !hasEnded {
                var status: Int32 = 0
                hasEnded = waitpid(self.id, &status, options) == self.id
            }
            return hasEnded
        }
    }

    /// Kills it at once, as a power cut does.
    package func stop() {
        signal(SIGKILL)
        _ = wait(0)
        try? FileManager.default.removeItem(at: folder)
    }

    package func signal(_ signal: Int32) {
        self.hasEnded.withLockedValue { hasEnded in
            if !hasEnded { kill(self.id, signal) }
        }
    }
}
