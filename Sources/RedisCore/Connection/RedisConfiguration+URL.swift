extension RedisConfiguration {
    /// Reads `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS. User and password are percent-encoded; an IPv6
    /// address stands in brackets.
    ///
    /// - Throws: ``RedisError/Code/invalidURL``, with a text that never repeats the URL.
    public init(url: String) throws(RedisError) {
        self.init()
        let rest: Substring
        if url.hasPrefix("redis://") {
            rest = url.dropFirst("redis://".count)
        } else if url.hasPrefix("rediss://") {
            rest = url.dropFirst("rediss://".count)
            tls = RedisTLS()
        } else {
            throw RedisError(.invalidURL, "it begins with redis:// or rediss://")
        }
        guard !rest.contains("?"), !rest.contains("#") else { throw RedisError(.invalidURL, "no parameters are known") }

        var authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count).dropFirst()
        if !path.isEmpty {
            guard let database = Int(path), (0...65_535).contains(database), path.allSatisfy(\.isNumber) else {
                throw RedisError(.invalidURL, "the path is the number of a database")
            }
            self.database = database
        }
        if let at = authority.lastIndex(of: "@") {
            credentials = try Self.credentials(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        try readHost(authority)
    }

    private static func credentials(_ text: Substring) throws(RedisError) -> RedisCredentials {
        guard let colon = text.firstIndex(of: ":") else { throw RedisError(.invalidURL, "a password follows a colon") }
        guard let user = Self.percentDecoded(text[..<colon]), let password = Self.percentDecoded(text[text.index(after: colon)...]) else {
            throw RedisError(.invalidURL, "user or password is not percent-encoded UTF-8")
        }
        return user.isEmpty ? RedisCredentials(password: password) : RedisCredentials(user: user, password: password)
    }

    private mutating func readHost(_ text: Substring) throws(RedisError) {
        var port: Substring = ""
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw RedisError(.invalidURL, "an IPv6 address ends with a bracket") }
            host = String(text[text.index(after: text.startIndex)..<end])
            port = text[text.index(after: end)...]
        } else {
            host = String(text.prefix { $0 != ":" })
            port = text.dropFirst(host.count)
        }
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") && $0 != UInt8(ascii: "%") }
        guard !host.isEmpty, isPlain else { throw RedisError(.invalidURL, "it names no host") }
        if port.isEmpty { return }
        guard port.hasPrefix(":"), let number = Int(port.dropFirst()), (1...65_535).contains(number) else {
            throw RedisError(.invalidURL, "a port is a number from 1 to 65535")
        }
        self.port = number
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.hexadecimal), let low = rest.popFirst().flatMap(Self.hexadecimal) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
