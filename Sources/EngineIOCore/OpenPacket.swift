public import NIOCore

/// The first character of an Engine.IO 4 packet (engine.io-protocol v4, "Packet types").
public enum EnginePacketType: UInt8, Sendable, CaseIterable {
    case open = 0x30
    case close = 0x31
    case ping = 0x32
    case pong = 0x33
    case message = 0x34
    case upgrade = 0x35
    case noop = 0x36
}

/// The handshake's answer: `0{"sid":…,"upgrades":[…],"pingInterval":…,"pingTimeout":…,"maxPayload":…}`.
public struct OpenPacket: Hashable, Sendable {
    public var sid: String
    public var upgrades: [EngineTransport]
    public var pingIntervalMs: Int
    public var pingTimeoutMs: Int
    public var maximumPayloadBytes: Int

    public init(sid: String, upgrades: [EngineTransport], pingIntervalMs: Int, pingTimeoutMs: Int, maximumPayloadBytes: Int) {
        self.sid = sid
        self.upgrades = upgrades
        self.pingIntervalMs = pingIntervalMs
        self.pingTimeoutMs = pingTimeoutMs
        self.maximumPayloadBytes = maximumPayloadBytes
    }

    /// Appends the whole packet, type character included.
    public func write(into buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: 140)
        buffer.writeStaticString("0{\"sid\":\"")
        buffer.writeString(sid)
        buffer.writeStaticString("\",\"upgrades\":[")
        for (index, upgrade) in upgrades.enumerated() {
            buffer.writeString((index > 0 ? ",\"" : "\"") + upgrade.rawValue + "\"")
        }
        buffer.writeStaticString("],\"pingInterval\":")
        buffer.writeString(String(pingIntervalMs))
        buffer.writeStaticString(",\"pingTimeout\":")
        buffer.writeString(String(pingTimeoutMs))
        buffer.writeStaticString(",\"maxPayload\":")
        buffer.writeString(String(maximumPayloadBytes))
        buffer.writeStaticString("}")
    }
}
