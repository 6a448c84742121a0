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
