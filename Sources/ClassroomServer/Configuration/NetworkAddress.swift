import NIOCore

/// This machine's own address in the network, for links that others are to open.
enum NetworkAddress {
    /// Nil when there is none but the loopback.
    static func current() -> String? {
        guard let devices = try? System.enumerateDevices() else { return nil }
        return best(of: devices.compactMap { device in device.address?.ipAddress.map { (device.name, $0) } })
    }

    /// The address that people in the same room most likely reach: of a real network before one of containers and tunnels, private before
    /// public, IPv4 before IPv6.
    static func best(of devices: [(name: String, address: String)]) -> String? {
        let ranked = devices.compactMap { device in rank(device.name, device.address).map { (rank: $0, address: device.address) } }
        // The first of equals, in the order of the system.
        return ranked.enumerated().min { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }?.element.address
    }

    /// Smaller is better; nil: not to be used.
    private static func rank(_ name: String, _ address: String) -> Int? {
        let isVirtual = ["docker", "br-", "veth", "virbr", "vmnet", "tun", "tap", "utun", "wg", "zt", "cni", "flannel"].contains {
            name.hasPrefix($0)
        }
        guard let kind = kind(of: address) else { return nil }
        return kind + (isVirtual ? 10 : 0)
    }

    private static func kind(of address: String) -> Int? {
        if address.contains(":") {
            let lowercased = address.lowercased()
            // Loopback, link-local (it needs a zone that no link can carry) and unspecified.
            if lowercased == "::1" || lowercased == "::" || lowercased.hasPrefix("fe8") || lowercased.contains("%") { return nil }
            return lowercased.hasPrefix("f") ? 4 : 3
        }
        let parts = address.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 4 else { return nil }
        switch (parts[0], parts[1]) {
        case (127, _), (0, _), (169, 254), (224..., _): return nil
        case (192, 168), (10, _), (172, 16...31): return 0
        case (100, 64...127): return 2
        default: return 1
        }
    }
}
