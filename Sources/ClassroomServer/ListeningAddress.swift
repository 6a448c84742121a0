import Foundation

/// Where a server listens.
public struct ListeningAddress: Sendable, Hashable {
    public var hostname: String
    /// The real one, also when the system chose it.
    public var port: Int
    public var isSecure: Bool
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

    /// Prints `listening on http://HOST:PORT` on standard output, then the demo's links if there are any; not buffered, so that whoever
    /// reads a pipe sees it at once.
    public func announce() {
        let lines = ["listening on \(url)"] + demoLinks.map { "\($0.role): \($0.url)" }
        try? FileHandle.standardOutput.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// Where a browser on this machine finds the server: an address that means all interfaces is none to go to.
    var localURL: String {
        var address = self
        if ["0.0.0.0", "::", "[::]"].contains(hostname) { address.hostname = "localhost" }
        return address.url
    }
}
