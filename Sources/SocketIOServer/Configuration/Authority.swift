/// A host and its port, as `Host` names them (RFC 3986 §3.2.2, RFC 9110 §7.2).
package struct Authority: Hashable, Sendable {
    /// In lower case; an IPv6 address in brackets.
    package let host: String
    /// Nil if no port is named, or if it is empty.
    package let port: Int?

    /// Nil if the text is no authority. An empty host is one: RFC 9112 §3.2 asks for it if the target names none.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let hostEnd: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), bytes[1..<close].allSatisfy(Authority.isAddressByte), close > 1
            else {
                return nil
            }
            hostEnd = close + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            guard bytes[..<hostEnd].allSatisfy(Authority.isNameByte) else { return nil }
        }
        guard hostEnd <= 255 else { return nil }
        var port: Int?
        if hostEnd < bytes.count {
            let digits = bytes[(hostEnd + 1)...]
            guard bytes[hostEnd] == UInt8(ascii: ":"), digits.count <= 5, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            port = digits.isEmpty ? nil : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            if let port, port > 65_535 { return nil }
        }
        self.port = port
        host = String(decoding: bytes[..<hostEnd], as: UTF8.self).lowercased()
    }

    /// Whether the host is an address rather than a name.
    var isAddress: Bool {
        if host.hasPrefix("[") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
            }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        case UInt8(ascii: ":"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// RFC 3986's `reg-name`.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: "-._~%!$&'()*+,;=".utf8.contains(byte)
        }
    }
}
