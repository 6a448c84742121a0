import NIOCore
import NIOPosix

/// Finds out whether an address can be listened on, before a server changes anything for which it would need it.
enum ListeningProbe {
    /// Listens for a moment. Another program may still take the port afterwards: then the server itself says so.
    /// - Throws: a ``StartupError`` that says why not.
    static func check(hostname: String, port: Int) async throws {
        do {
            // The options are those of the server's own socket, so that both get the same answer.
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: hostname, port: port).get()
            try await channel.close()
        } catch {
            throw StartupError(binding: "\(hostname):\(port)", failedWith: error)
        }
    }
}
