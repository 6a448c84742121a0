package import EngineIOCore
package import NIOCore
import SocketIOCore

extension OpenPacket {
    /// The range of sensible milliseconds and bytes. Larger numbers could overflow in an addition.
    private static let sensible = 1...1_000_000_000

    /// Reads the JSON of a server's first packet, without its type character. It is strict: each member must be present and of its type.
    /// Unknown members and transports are skipped (engine.io-protocol v4, "Handshake").
    ///
    /// - Returns: nil if it is no open packet.
    package init?(json: ByteBuffer) {
        guard let object = try? JSONSlice(validating: json, maximumDepth: 8), object.kind == .object,
            let sid = object["sid"]?.string, !sid.isEmpty, sid.utf8.count <= 256,
            let upgrades = object["upgrades"], upgrades.kind == .array, upgrades.elements.allSatisfy({ $0.kind == .string }),
            let interval = object["pingInterval"]?.int, Self.sensible.contains(interval),
            let timeout = object["pingTimeout"]?.int, Self.sensible.contains(timeout)
        else { return nil }
        // Servers before engine.io 6.2 send no limit.
        let maximum = object["maxPayload"].map { $0.int ?? -1 } ?? Self.sensible.upperBound
        guard Self.sensible.contains(maximum) else { return nil }
        self.init(
            sid: sid, upgrades: upgrades.elements.compactMap { EngineTransport(named: $0.string ?? "") }, pingIntervalMs: interval,
            pingTimeoutMs: timeout, maximumPayloadBytes: maximum)
    }
}
