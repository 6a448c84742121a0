import EngineIOCore
import Testing

@Suite("The session machine")
struct EngineSessionTests {
    @Test("each packet type means what the reference makes of it")
    func reception() {
        let session = Machine(transport: .websocket)
        #expect(session.receive(.message) == .deliver)
        #expect(session.receive(.noop) == .ignore)
        #expect(session.receive(.open) == .ignore)
        #expect(session.receive(.upgrade) == .ignore)
        #expect(session.receive(.pong) == .ignore, "nobody asked")
        #expect(session.receive(.ping) == .close(.transportError))
        #expect(session.receive(.close) == .close(.transportClose))
        #expect(session.receive(nil) == .close(.parseError))
    }

    @Test("a ping is answered once, and only one is under way")
    func heartbeat() {
        let session = Machine(transport: .polling)
        #expect(session.pongDue() == .settled)
        #expect(session.pingDue())
        #expect(!session.pingDue())
        #expect(session.pongDue() == .close)
        #expect(session.receive(.pong) == .alive)
        #expect(session.receive(.pong) == .ignore)
        #expect(session.pongDue() == .settled)
        #expect(session.pingDue())
    }

    @Test(
        "a server that is behind itself waits one ping timeout more for the pong, then the client counts as dead",
        arguments: [(.seconds(30), false), (.milliseconds(101), false), (.zero, true)] as [(Duration, Bool)])
    func late(lateness: Duration, hasUnread: Bool) {
        let session = Machine(transport: .websocket)
        #expect(session.pongDue(lateness, hasUnread) == .settled, "nothing was asked")
        #expect(session.pingDue())
        #expect(session.pongDue(lateness, hasUnread) == .wait)
        #expect(session.pongDue(lateness, hasUnread) == .close)
        #expect(session.receive(.pong) == .alive)
        #expect(session.pingDue())
        #expect(session.pongDue(lateness, hasUnread) == .wait, "the next pong may be given more time again")
    }

    @Test("a timer that is as late as timers are gives no more time")
    func usualDelay() {
        var grace = HeartbeatGrace()
        let usual = grace.extends(lateness: .milliseconds(100), hasUnread: false)
        let more = grace.extends(lateness: .milliseconds(100) + .nanoseconds(1), hasUnread: false)
        #expect(!usual && more)
    }

    @Test("a WebSocket takes over after its probe")
    func upgrade() {
        let session = Machine(transport: .polling)
        #expect(session.openUpgrade())
        #expect(session.receiveProbe(.ping, isProbe: true) == .answerProbe)
        #expect(session.upgrade == .probed)
        #expect(session.receiveProbe(.upgrade, isProbe: false) == .switchTransport)
        #expect(session.transport == .websocket)
        #expect(!session.openUpgrade(), "the transport is a WebSocket already")
    }

    @Test("only one WebSocket may ask at a time")
    func secondUpgrade() {
        let session = Machine(transport: .polling)
        #expect(session.openUpgrade())
        #expect(!session.openUpgrade())
        session.abandonUpgrade()
        #expect(session.openUpgrade())
    }

    @Test(
        "a WebSocket that says anything else is sent away, and polling goes on",
        arguments: [EnginePacketType.message, .pong, .close, .noop])
    func badProbe(type: EnginePacketType) {
        let session = Machine(transport: .polling)
        _ = session.openUpgrade()
        #expect(session.receiveProbe(type, isProbe: false) == .rejectWebSocket)
        #expect(session.transport == .polling)
        #expect(session.receive(.message) == .deliver)
        #expect(session.openUpgrade())
    }

    @Test("a ping without the word probe is not a probe")
    func pingWithoutProbe() {
        let session = Machine(transport: .polling)
        _ = session.openUpgrade()
        #expect(session.receiveProbe(.ping, isProbe: false) == .rejectWebSocket)
    }

    @Test("a closed session takes nothing any more")
    func closed() {
        let session = Machine(transport: .polling)
        #expect(session.close())
        #expect(!session.close())
        #expect(session.receive(.message) == .ignore)
        #expect(!session.pingDue())
        #expect(session.pongDue() == .settled)
        #expect(!session.openUpgrade())
        #expect(session.receiveProbe(.ping, isProbe: true) == .rejectWebSocket)
    }
}

/// The machine behind a reference, so that an expectation may hold a step.
private final class Machine {
    private var session: EngineSession

    init(transport: EngineTransport) { session = EngineSession(transport: transport) }

    var transport: EngineTransport { session.transport }
    var upgrade: EngineSession.Upgrade { session.upgrade }
    func receive(_ type: EnginePacketType?) -> EngineSession.Reception { session.receive(type) }
    func receiveProbe(_ type: EnginePacketType?, isProbe: Bool) -> EngineSession.ProbeReception {
        session.receiveProbe(type, isProbe: isProbe)
    }
    func pingDue() -> Bool { session.pingDue() }
    func pongDue(_ lateness: Duration = .zero, _ hasUnread: Bool = false) -> EngineSession.PongVerdict {
        session.pongDue(lateness: lateness, hasUnread: hasUnread)
    }
    func openUpgrade() -> Bool { session.openUpgrade() }
    func abandonUpgrade() { session.abandonUpgrade() }
    func close() -> Bool { session.close() }
}
