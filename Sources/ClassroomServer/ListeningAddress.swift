import Foundation
import NIOCore
import NIOPosix

/// The address of a running server.
public struct ListeningAddress: Sendable, Hashable {
    public var hostname: String
    /// The real one, also when the system chose it.
    public var port: Int
    public var isSecure: Bool
    /// The address for people, if the operator gave one.
    public var publicURL: String?
    /// The database's file; nil: there is none.
    public var databasePath: String?
    /// Links of the demo classroom; empty without one.
    public var demoLinks: [DemoLink] = []

    public init(hostname: String, port: Int, isSecure: Bool) {
        self.hostname = hostname
        self.port = port
        self.isSecure = isSecure
    }

    /// `http://HOST:PORT`; an IPv6 address is put in brackets (RFC 3986, section 3.2.2).
    public var url: String {
        let host = hostname.contains(":") && !hostname.hasPrefix("[") ? "[\(hostname)]" : hostname
        return "\(isSecure ? "https" : "http")://\(host):\(port)"
    }

    /// Prints `listening on http://HOST:PORT` on standard output, then where the data is, where people find the server if that is elsewhere, and
    /// the demo's links if there are any; not buffered, so that the reader of a pipe sees it at once.
    public func announce() {
        var lines = ["listening on \(url)"]
        if let databasePath { lines.append("database: \(databasePath)") }
        if reachableURL != url { lines.append("open: \(reachableURL)") }
        lines += demoLinks.map { "\($0.role): \($0.url)" }
        try? FileHandle.standardOutput.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// Where others find the server: the public URL, or else by this machine's own address in the network where the server listens on all of
    /// them, and the address that it listens on otherwise.
    public var reachableURL: String {
        if let publicURL { return publicURL }
        guard ["0.0.0.0", "::", "[::]", "0"].contains(hostname) else { return url }
        var address = self
        // Without a network only this machine can be reached.
        address.hostname = NetworkAddress.current() ?? "127.0.0.1"
        return address.url
    }
}

/// Checks that an address can be listened on, before the server changes anything.
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
