import Foundation
import NIOCore
import NIOPosix

/// A real `redis-server`: a child in the foreground, on a free port of the loopback interface, with its files in a folder of its own.
/// It is ended by its process id.
final class RedisServerProcess: Sendable {
    let port: Int
    private let process: Process
    private let folder: URL
    /// What it says; an empty text when it has ended.
    private let output: Recorder<String>

    static let path = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    struct DidNotStart: Error {}

    private init(_ process: Process, port: Int, folder: URL, output: Recorder<String>) {
        self.process = process
        self.port = port
        self.folder = folder
        self.output = output
    }

    /// - Parameters:
    ///   - withTLS: its one port speaks TLS; the options that name the files are among `arguments`.
    ///   - arguments: more options of the server.
    static func start(port: Int? = nil, withTLS: Bool = false, arguments: [String] = []) async throws -> RedisServerProcess {
        let path = try Self.requirePath()
        // Another process may take the port between the look and the start: then Redis ends, and another is tried.
        for _ in 0..<5 {
            let port = if let port { port } else { try await Self.freePort() }
            let folder = FileManager.default.temporaryDirectory.appending(path: "dunlin-redis-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let process = Process()
            process.executableURL = URL(filePath: path)
            process.arguments =
                (withTLS ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"])
                + ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path, "--daemonize", "no"] + arguments
            let (pipe, output) = (Pipe(), Recorder<String>())
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            pipe.fileHandleForReading.readabilityHandler = { file in
                let data = file.availableData
                output.record(String(decoding: data, as: UTF8.self))
                if data.isEmpty { file.readabilityHandler = nil }
            }
            try process.run()
            let server = RedisServerProcess(process, port: port, folder: folder, output: output)
            if await server.isReady() { return server }
            server.stop()
        }
        throw DidNotStart()
    }

    private static func requirePath() throws -> String {
        guard let path else { throw DidNotStart() }
        return path
    }

    private static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        defer { channel.close(promise: nil) }
        return channel.localAddress?.port ?? 0
    }

    /// Waits until it says that it takes connections, or has ended. A connection would not tell: another server may have got the port.
    private func isReady() async -> Bool {
        let said = await self.output.wait { $0.last == "" || $0.joined().contains("Ready to accept connections") }
        return said.last != ""
    }

    /// Kills it at once, as a power cut does.
    func stop() {
        if self.process.isRunning { kill(self.process.processIdentifier, SIGKILL) }
        self.process.waitUntilExit()
        try? FileManager.default.removeItem(at: self.folder)
    }

    func signal(_ signal: Int32) { kill(self.process.processIdentifier, signal) }
}
