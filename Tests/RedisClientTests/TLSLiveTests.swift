import Foundation
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import Testing

@Suite("TLS to a real server", .enabled(if: RedisServerProcess.path != nil, serverIsMissing))
struct TLSLiveTests {
    /// A certificate of its own for 127.0.0.1 and localhost, in a folder that the caller removes.
    private func certificate() throws -> (folder: URL, certificate: String, key: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "dunlin-redis-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (certificate, key) = (folder.appending(path: "certificate.pem").path, folder.appending(path: "key.pem").path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", certificate, "-keyout", key,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl made no certificate")
        return (folder, certificate, key)
    }

    @Test("a certificate that is trusted, by name and by address; one that is not; and a client's own")
    func certificates() async throws {
        let files = try certificate()
        defer { try? FileManager.default.removeItem(at: files.folder) }
        let options = ["--tls-cert-file", files.certificate, "--tls-key-file", files.key, "--tls-ca-cert-file", files.certificate]
        let server = try await RedisServerProcess.start(withTLS: true, arguments: options + ["--tls-auth-clients", "yes"])
        defer { server.stop() }
        let own = RedisTLS(authoritiesFile: files.certificate, certificateFile: files.certificate, keyFile: files.key)
        for host in ["127.0.0.1", "localhost"] {
            try await RedisClient.with(port: server.port, { ($0.host, $0.tls) = (host, own) }) { redis async throws in
                try await redis.set("a", .bytes(ByteBuffer(repeating: 7, count: 100_000)))
                #expect(try await redis.get("a")?.readableBytes == 100_000)
            }
        }
        // The system does not know this authority; and this server wants to know its clients.
        for tls in [RedisTLS(), RedisTLS(authoritiesFile: files.certificate)] {
            try await RedisClient.with(port: server.port, { $0.tls = tls }) { redis async throws in
                #expect(await redis.failure().code == .connectionLost)
            }
        }
    }
}
