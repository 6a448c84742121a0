/// Whose share a limit per address counts: that of an IPv4 address, or of the first 64 bits of an IPv6 address. Each host may choose the other
/// 64 itself (RFC 4291 §2.5.1, RFC 8981), so that a limit per whole address would limit nobody.
package enum AddressBlock {
    /// - Parameter address: as the channel or a proxy has it. One that cannot be read stands for itself.
    package static func of(_ address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        // A zone ("fe80::1%eth0") names an interface of this machine.
        let plain = String(decoding: Array(address.utf8.prefix { $0 != UInt8(ascii: "%") }), as: UTF8.self)
        guard let bytes = TrustedProxies.bytes(of: plain) else { return address }
        guard bytes.count == 16 else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 8, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
        return groups.joined(separator: ":") + "::/64"
    }
}
