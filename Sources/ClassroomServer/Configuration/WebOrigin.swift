/// An origin as browsers write it in the `Origin` header (RFC 6454, section 6.2): scheme, host and, unless it is the scheme's own, port.
enum WebOrigin {
    /// Whether a browser could send this. A path, a final slash, an upper-case letter or `*` would never match.
    static func isValid(_ origin: String) -> Bool {
        guard let separator = origin.firstRange(of: "://") else { return false }
        let scheme = origin[..<separator.lowerBound]
        let authority = origin[separator.upperBound...]
        // Any scheme (RFC 3986, section 3.1): the pages of an app come from `capacitor://localhost` or the like.
        guard let first = scheme.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            scheme.utf8.allSatisfy(isSchemeByte), !authority.isEmpty, authority.utf8.count <= 261
        else { return false }
        return authority.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"): true
            default: false
            }
        }
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

/// The address by which people reach a classroom that stands behind a proxy or has a name: `https://school.example`.
enum PublicURL {
    /// The URL without a slash at its end; nil for one that the pages could not be at: they are at `/`, so it has no path.
    static func normalized(_ url: String) -> String? {
        var url = url[...]
        while url.last == "/" { url.removeLast() }
        guard let separator = url.firstRange(of: "://") else { return nil }
        // Browsers write scheme and host in lower case.
        let origin = url.lowercased()
        guard ["http", "https"].contains(String(origin.prefix { $0 != ":" })), url[separator.upperBound...].first != ":" else { return nil }
        return WebOrigin.isValid(origin) ? origin : nil
    }
}
