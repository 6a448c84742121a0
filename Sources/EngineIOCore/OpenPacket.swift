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
        let upgrades = upgrades.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        buffer.writeString(
            "0{\"sid\":\"\(sid)\",\"upgrades\":[\(upgrades)],\"pingInterval\":\(pingIntervalMs),"
                + "\"pingTimeout\":\(pingTimeoutMs),\"maxPayload\":\(maximumPayloadBytes)}")
    }
}
