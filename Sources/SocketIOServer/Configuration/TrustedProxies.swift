import NIOCore
import NIOHTTP1

/// The proxies in front of a server. Only their reports about clients are believed, since a client can write `X-Forwarded-For` itself.
public struct TrustedProxies: Sendable, Hashable {
    /// A network: addresses that begin with the same bits.
    private struct Network: Sendable, Hashable {
        let bytes: [UInt8]
        let prefix: Int

        /// `10.0.0.0/8`, `fd00::/8`, or one address.
        init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let bytes = TrustedProxies.bytes(of: String(parts[0])) else { return nil }
            guard parts.count == 2 else {
                (self.bytes, prefix) = (bytes, bytes.count * 8)
                return
            }
            guard let prefix = Int(parts[1]), (0...bytes.count * 8).contains(prefix) else { return nil }
            (self.bytes, self.prefix) = (bytes, prefix)
        }

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            return (0..<prefix).allSatisfy { (address[$0 / 8] ^ bytes[$0 / 8]) & (0x80 >> UInt8($0 % 8)) == 0 }
        }
    }

    private var networks: [Network] = []

    /// Trusts no proxy: a client's address is that of its connection.
    public init() {}

    /// - Parameter networks: addresses and networks (RFC 4632, RFC 4291): `127.0.0.1`, `10.0.0.0/8`, `::1`, `fd00::/8`.
    /// - Returns: nil if one of them is neither.
    public init?(_ networks: [String]) {
        for text in networks {
            guard let network = Network(text) else { return nil }
            self.networks.append(network)
        }
    }

    var isEmpty: Bool { networks.isEmpty }

    private func trusts(_ address: String) -> Bool {
        guard let bytes = TrustedProxies.bytes(of: address) else { return false }
        return networks.contains { $0.contains(bytes) }
    }

    /// The address of a request's client, and whether its connection is encrypted.
    ///
    /// `X-Forwarded-For` is read from its end, where the nearest proxy wrote: the first address that belongs to no proxy is the client's.
    func client(of headers: HTTPHeaders, address: String, secure: Bool) -> (address: String, secure: Bool) {
        guard !networks.isEmpty, trusts(address) else { return (address, secure) }
        var client = address
        let hops = ASCIIText.items(headers["x-forwarded-for"]).suffix(TrustedProxies.maximumHops)
        for entry in hops.reversed() {
            let text = TrustedProxies.withoutPort(entry)
            guard TrustedProxies.bytes(of: text) != nil else { break }
            client = text
            guard trusts(text) else { break }
        }
        let scheme = ASCIIText.items(headers["x-forwarded-proto"]).last
        return (client, scheme.map { ASCIIText.equals($0, "https") || ASCIIText.equals($0, "wss") } ?? secure)
    }

    /// The same for a request that another HTTP server than this package's read, by its fields of these two names.
    package func client(
        forwardedFor: [String], forwardedProto: [String], address: String, secure: Bool
    ) -> (address: String, secure: Bool) {
        guard !networks.isEmpty else { return (address, secure) }
        let headers = forwardedFor.map { ("x-forwarded-for", $0) } + forwardedProto.map { ("x-forwarded-proto", $0) }
        return client(of: HTTPHeaders(headers), address: address, secure: secure)
    }

    /// More than any real chain of proxies. A client may write any number of addresses.
    private static let maximumHops = 32

    /// Some proxies write the client's port behind its address, an IPv6 address in brackets then.
    private static func withoutPort(_ entry: String) -> String {
        let bytes = entry.utf8
        if bytes.first == UInt8(ascii: "[") {
            return String(decoding: Array(bytes.dropFirst().prefix { $0 != UInt8(ascii: "]") }), as: UTF8.self)
        }
        guard bytes.count(where: { $0 == UInt8(ascii: ":") }) == 1 else { return entry }
        return String(decoding: Array(bytes.prefix { $0 != UInt8(ascii: ":") }), as: UTF8.self)
    }

    /// The bytes of an address; an IPv4 address that IPv6 carries (RFC 4291 §2.5.5.2) is one.
    static func bytes(of address: String) -> [UInt8]? {
        guard address.utf8.count <= 45, let parsed = try? SocketAddress(ipAddress: address, port: 0) else { return nil }
        // `sockaddr_in` has the address behind four bytes, `sockaddr_in6` behind eight, on all systems.
        let (start, count) = parsed.protocol == .inet ? (4, 4) : (8, 16)
        let bytes = parsed.withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size).dropFirst(start).prefix(count))
        }
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
