import EngineIOCore
import NIOCore
import Testing

@Suite("The client's session machine")
struct EngineClientSessionTests {
    private static let packet = OpenPacket(
        sid: "abc", upgrades: [.websocket], pingIntervalMs: 25_000, pingTimeoutMs: 20_000, maximumPayloadBytes: 1_000_000)

    private func opened(_ transports: EngineClientSession.Transports) -> EngineClientSession {
        var session = EngineClientSession(transports: transports)
        _ = session.start()
        _ = session.open(Self.packet, now: .zero)
        return session
    }

    @Test("the configured transports decide about the first request and the upgrade")
    func start() {
        for (transports, start, upgrades) in [
            (.polling, .poll, false), (.webSocket, .openWebSocket, false), (.pollingThenUpgrade, .poll, true),
        ] as [(EngineClientSession.Transports, EngineClientSession.Start, Bool)] {
            var session = EngineClientSession(transports: transports)
            #expect(session.start() == start)
            #expect(!session.isOpen)
            #expect(session.open(Self.packet, now: .zero) == upgrades)
            #expect(session.isOpen)
            #expect(session.open(Self.packet, now: .zero) == false, "a session opens once")
        }
        var without = EngineClientSession(transports: .pollingThenUpgrade)
        var packet = Self.packet
        packet.upgrades = []
        #expect(without.open(packet, now: .zero) == false, "the server offers no upgrade")
    }

    @Test("each packet type means what the protocol makes of it")
    func reception() {
        var session = opened(.webSocket)
        #expect(session.receive(.message, now: .zero) == .deliver)
        #expect(session.receive(.ping, now: .zero) == .pong)
        #expect(session.receive(.noop, now: .zero) == .ignore)
        #expect(session.receive(.pong, now: .zero) == .ignore)
        #expect(session.receive(.close, now: .zero) == .close(.transportClose))
        for type in [EnginePacketType.open, .upgrade, nil] { #expect(session.receive(type, now: .zero) == .close(.parseError)) }
    }

    @Test("only the open packet may come first, and packets after the end are ignored")
    func order() {
        var session = EngineClientSession(transports: .webSocket)
        for type in EnginePacketType.allCases { #expect(session.receive(type, now: .zero) == .close(.parseError)) }
        _ = session.close()
        for type in EnginePacketType.allCases { #expect(session.receive(type, now: .zero) == .ignore) }
        #expect(session.open(Self.packet, now: .zero) == false && !session.isOpen)
    }

    @Test("a ping is due within an interval and a timeout of the last, to the nanosecond")
    func heartbeat() {
        var session = opened(.webSocket)
        let almost = session.heartbeatDue(now: .seconds(45) - .nanoseconds(1), hasUnread: false)
        let due = session.heartbeatDue(now: .seconds(45), hasUnread: false)
        #expect(!almost && due)
        _ = session.receive(.message, now: .seconds(30))
        #expect(session.heartbeatDeadline == .seconds(45), "a message is no ping")
        _ = session.receive(.ping, now: .seconds(25))
        #expect(session.heartbeatDeadline == .seconds(70))
        let next = session.heartbeatDue(now: .seconds(70) - .nanoseconds(1), hasUnread: false)
        _ = session.close()
        let closed = session.heartbeatDue(now: .seconds(1_000), hasUnread: true)
        #expect(!next && !closed && session.heartbeatDeadline == nil)
    }

    @Test(
        "a client that is behind itself waits one ping timeout more for the ping, then the server counts as dead",
        arguments: [(.seconds(30), false), (.milliseconds(101), false), (.zero, true)] as [(Duration, Bool)])
    func late(lateness: Duration, hasUnread: Bool) {
        var session = opened(.webSocket)
        let now = .seconds(45) + lateness
        let first = session.heartbeatDue(now: now, hasUnread: hasUnread)
        #expect(!first && session.heartbeatDeadline == now + .seconds(20))
        let early = session.heartbeatDue(now: now + .seconds(20) - .nanoseconds(1), hasUnread: true)
        let second = session.heartbeatDue(now: now + .seconds(50), hasUnread: true)
        #expect(!early && second)
    }

    @Test("a ping that comes in the additional time counts, and the next one may be late again")
    func lateAgain() {
        var session = opened(.webSocket)
        let first = session.heartbeatDue(now: .seconds(50), hasUnread: false)
        #expect(!first)
        #expect(session.receive(.ping, now: .seconds(51)) == .pong)
        #expect(session.heartbeatDeadline == .seconds(96))
        let second = session.heartbeatDue(now: .seconds(100), hasUnread: false)
        #expect(!second && session.heartbeatDeadline == .seconds(120))
    }

    @Test("one GET and one POST are under way at a time, and none over a WebSocket")
    func requests() {
        var session = opened(.polling)
        let early = session.nextGet()
        #expect(!early, "the first GET has not ended")
        session.getEnded()
        let gets = [session.nextGet(), session.nextGet()]
        let posts = [session.nextPost(), session.nextPost()]
        #expect(gets == [true, false] && posts == [true, false])
        session.postEnded()
        let again = session.nextPost()
        #expect(again)
        var webSocket = opened(.webSocket)
        let none = [webSocket.nextGet(), webSocket.nextPost()]
        #expect(none == [false, false])
    }

    @Test("a WebSocket takes over when its probe was answered and no request is under way")
    func upgrade() {
        var session = opened(.pollingThenUpgrade)
        session.getEnded()
        _ = session.nextGet()
        _ = session.nextPost()
        let probes = session.webSocketOpened()
        #expect(probes)
        #expect(session.receiveProbe(.pong, isProbe: true) == .probed)
        #expect(session.receive(.message, now: .zero) == .deliver, "the GET under way may still bring messages")
        var steps = [session.completeUpgrade()]
        session.postEnded()
        steps += [session.nextPost(), session.completeUpgrade()]
        session.getEnded()
        steps += [session.nextGet(), session.completeUpgrade(), session.completeUpgrade()]
        #expect(steps == [false, false, false, false, true, false])
        #expect(session.transport == .websocket)
    }

    @Test(
        "any other answer to the probe gives the WebSocket up, and polling goes on",
        arguments: [(EnginePacketType.pong, false), (.message, false), (.noop, false), (nil, false), (.ping, true)])
    func badProbe(type: EnginePacketType?, isProbe: Bool) {
        var session = opened(.pollingThenUpgrade)
        _ = session.webSocketOpened()
        #expect(session.receiveProbe(type, isProbe: isProbe) == .abandonWebSocket)
        session.getEnded()
        let goesOn = session.nextGet()
        #expect(goesOn && session.transport == .polling && session.upgrade == .none)
    }

    @Test("a WebSocket that fails while polling pauses lets polling go on")
    func abandoned() {
        var session = opened(.pollingThenUpgrade)
        _ = session.webSocketOpened()
        _ = session.receiveProbe(.pong, isProbe: true)
        session.getEnded()
        let paused = session.nextGet()
        session.abandonUpgrade()
        let resumed = session.nextGet()
        #expect(!paused && resumed)
    }

    @Test("each transport closes with its own packet, once")
    func farewell() {
        for (transports, farewell) in [(.polling, .postClose), (.webSocket, .closeWebSocket)]
            as [(EngineClientSession.Transports, EngineClientSession.Farewell)]
        {
            var session = opened(transports)
            let first = session.close(), second = session.close()
            #expect(first == farewell && second == .none)
            #expect(!session.isOpen)
        }
        var opening = EngineClientSession(transports: .polling)
        let none = opening.close()
        #expect(none == .none, "there is no session on the server yet")
    }

    @Test("an idle session is small: a load generator holds thousands")
    func size() {
        #expect(MemoryLayout<EngineClientSession>.size <= 64)
    }
}

/// Client and server joined by a link without I/O: each step says what travels.
@Suite("Both ends of a session")
struct BothEndsTests {
    @Test("an upgrade loses and repeats no message, whatever is under way")
    func upgrade() {
        for postUnderWay in [false, true] {
            var client = EngineClientSession(transports: .pollingThenUpgrade)
            var server = EngineSession(transport: .polling)
            var delivered = 0
            #expect(client.start() == .poll)
            let upgrades = client.open(
                OpenPacket(sid: "s", upgrades: [.websocket], pingIntervalMs: 1, pingTimeoutMs: 1, maximumPayloadBytes: 1), now: .zero)
            client.getEnded()
            let polls = client.nextGet(), posts = postUnderWay ? client.nextPost() : true
            let accepted = server.openUpgrade(), probes = client.webSocketOpened()
            #expect(upgrades && polls && posts && accepted && probes)
            // 2probe →, ← 3probe
            #expect(server.receiveProbe(.ping, isProbe: true) == .answerProbe)
            #expect(client.receiveProbe(.pong, isProbe: true) == .probed)
            let early = client.completeUpgrade()
            #expect(!early)
            // The POST arrives, then the noop releases the GET.
            if postUnderWay {
                if server.receive(.message) == .deliver { delivered += 1 }
                client.postEnded()
            }
            #expect(client.receive(.noop, now: .zero) == .ignore)
            client.getEnded()
            let completes = client.completeUpgrade()
            #expect(completes)
            // 5 →, then messages over the WebSocket
            #expect(server.receiveProbe(.upgrade, isProbe: false) == .switchTransport)
            if server.receive(.message) == .deliver { delivered += 1 }
            #expect(client.receive(.message, now: .zero) == .deliver)
            #expect(delivered == (postUnderWay ? 2 : 1))
            #expect(client.transport == server.transport)
        }
    }

    @Test("a ping of the server is answered with what the server waits for")
    func heartbeat() {
        var client = EngineClientSession(transports: .webSocket)
        _ = client.open(
            OpenPacket(sid: "s", upgrades: [], pingIntervalMs: 25_000, pingTimeoutMs: 20_000, maximumPayloadBytes: 1), now: .zero)
        var server = EngineSession(transport: .websocket)
        let due = server.pingDue()
        #expect(due)
        #expect(client.receive(.ping, now: .seconds(25)) == .pong)
        #expect(server.receive(.pong) == .alive)
        #expect(server.pongDue(lateness: .zero, hasUnread: false) == .settled)
        #expect(client.heartbeatDeadline == .seconds(70))
    }
}
