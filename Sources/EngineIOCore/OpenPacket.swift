public import NIOCore

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
