import EngineIOCore
import NIOCore
import Testing

@Suite("The open packet")
struct OpenPacketTests {
    @Test("the open packet announces limits and times to the client")
    func fields() {
        var buffer = ByteBuffer()
        OpenPacket(sid: "abc", upgrades: [.websocket], pingIntervalMs: 25_000, pingTimeoutMs: 20_000, maximumPayloadBytes: 1_000_000)
            .write(into: &buffer)
        #expect(
            String(buffer: buffer)
                == #"0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
    }

    @Test("a session on a WebSocket has nothing to upgrade to")
    func noUpgrades() {
        var buffer = ByteBuffer()
        OpenPacket(sid: "abc", upgrades: [], pingIntervalMs: 1, pingTimeoutMs: 2, maximumPayloadBytes: 3).write(into: &buffer)
        #expect(String(buffer: buffer) == #"0{"sid":"abc","upgrades":[],"pingInterval":1,"pingTimeout":2,"maxPayload":3}"#)
    }
}
