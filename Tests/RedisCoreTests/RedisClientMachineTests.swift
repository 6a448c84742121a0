import NIOCore
import RedisCore
import Testing

@Suite("A client without a socket and without a clock")
struct RedisClientMachineTests {
    /// A machine with its time, and what it sent.
    struct Fixture {
        var machine: RedisClientMachine
        var now = Duration.seconds(100)

        init(_ change: (inout RedisConfiguration) -> Void = { _ in }) {
            var configuration = RedisConfiguration()
            change(&configuration)
            machine = RedisClientMachine(configuration: configuration)
        }

        /// Connects and is greeted.
        mutating func connect() {
            _ = machine.start(at: now)
            _ = machine.connected(at: now)
            let greeting = sent()
            for _ in greeting { _ = machine.received(.simpleString("OK"), at: now) }
            _ = machine.takeOutgoing()
        }

        /// Names of the commands that go out now.
        mutating func sent() -> [String] {
            guard let bytes = machine.takeOutgoing(), case .success(let values) = decode(bytes) else { return [] }
            return values.map { $0.elements?.compactMap(\.text).joined(separator: " ") ?? "" }
        }

        mutating func submit(_ id: UInt64, _ commands: RedisCommand..., timeout: Duration? = nil) -> [RedisClientMachine.Action] {
            machine.submit(commands, id: id, timeout: timeout, at: now)
        }
    }

    @Test("it greets with version 3, its user, its name and its database, and asks whether Redis has loaded its data")
    func greeting() {
        var fixture = Fixture {
            $0.credentials = RedisCredentials(user: "ann", password: "hush")
            $0.clientName = "dunlin"
            $0.database = 3
        }
        #expect(fixture.machine.start(at: fixture.now) == [.connect])
        #expect(fixture.submit(1, RedisCommand("GET", "a")) == [])
        #expect(fixture.machine.connected(at: fixture.now) == [.flush])
        #expect(fixture.sent() == ["HELLO 3 AUTH ann hush SETNAME dunlin", "SELECT 3", "PING"])
        #expect(fixture.machine.received(.map([]), at: fixture.now) == .nothing)
        #expect(fixture.machine.received(.simpleString("OK"), at: fixture.now) == .nothing)
        #expect(fixture.machine.status.state == .connecting)
        #expect(fixture.machine.received(.simpleString("PONG"), at: fixture.now) == .actions([.flush]))
        #expect(fixture.machine.status.state == .ready)
        #expect(fixture.sent() == ["GET a"])
    }

    @Test(
        "a greeting that Redis refuses ends the connection, and the next try comes later and later; one that does not know HELLO is too old",
        arguments: [
            ("WRONGPASS invalid username-password pair", "WRONGPASS"),
            ("ERR unknown command `HELLO`, with args beginning with: `3`, ", "it does not know HELLO: Redis 6 or newer is needed"),
        ])
    func refusedGreeting(answer: String, reason: String) {
        var fixture = Fixture()
        _ = fixture.machine.start(at: fixture.now)
        for attempt in 0..<4 {
            _ = fixture.machine.connected(at: fixture.now)
            _ = fixture.sent()
            let reply = RESPErrorReply(answer)
            let error = RedisError(.refused, reason, reply: reply)
            #expect(fixture.machine.received(.error(reply), at: fixture.now) == .actions([.disconnect(error)]))
            #expect(fixture.machine.disconnected(error, at: fixture.now, random: 1) == [])
            #expect(fixture.machine.status.lastFailure == error)
            let pause = Duration.milliseconds(50 << attempt)
            #expect(fixture.machine.nextDeadline == fixture.now + pause)
            #expect(fixture.machine.tick(at: fixture.now + pause - .nanoseconds(1)) == [])
            fixture.now += pause
            #expect(fixture.machine.tick(at: fixture.now) == [.connect])
        }
    }

    @Test("what was submitted together goes out with one write, and replies find their requests in order")
    func pipelining() {
        var fixture = Fixture()
        fixture.connect()
        #expect(fixture.submit(1, RedisCommand("GET", "a")) == [.flush])
        #expect(fixture.submit(2, RedisCommand("MULTI"), RedisCommand("INCR", "b"), RedisCommand("EXEC")) == [.flush])
        #expect(fixture.submit(3, RedisCommand("GET", "c")) == [.flush])
        #expect(fixture.sent() == ["GET a", "MULTI", "INCR b", "EXEC", "GET c"])
        #expect(fixture.sent() == [])
        let replies: [RESPValue] = [.text("1"), .simpleString("OK"), .simpleString("QUEUED"), .array([.integer(1)]), .null]
        let found = replies.map { fixture.machine.received($0, at: fixture.now) }
        #expect(
            found == [
                .reply(1, replies[0], isLast: true), .reply(2, replies[1], isLast: false), .reply(2, replies[2], isLast: false),
                .reply(2, replies[3], isLast: true), .reply(3, replies[4], isLast: true),
            ])
        #expect(fixture.machine.status.commandsInFlight == 0)
    }

    @Test("the queue is bounded in commands and in bytes, and gives room back")
    func queueLimits() {
        var fixture = Fixture {
            $0.limits.maximumQueuedCommands = 3
            $0.limits.maximumQueuedBytes = 1_000
        }
        let small = RedisCommand("GET", "a")
        #expect(fixture.submit(1, small, small) == [])
        #expect(fixture.submit(2, small) == [])
        let refused = fixture.submit(3, small)
        #expect(refused == [.fail(3, RedisError(.queueFull, "Redis is away: no connection yet"))])
        #expect(fixture.machine.cancel(2) == [.fail(2, RedisError(.cancelled))])
        #expect(fixture.submit(4, small) == [])
        // Sent requests leave the queue.
        fixture.connect()
        #expect(fixture.machine.status.queuedCommands == 0)
        #expect(fixture.machine.status.queuedBytes == 0)

        var bytes = Fixture { $0.limits.maximumQueuedBytes = 1_000 }
        let empty = RedisCommand("SET", .text(""))
        let fitting = RedisCommand("SET", .text(String(repeating: "x", count: 1_000 - empty.byteCount)))
        let tooLong = RedisCommand("SET", .text(String(repeating: "x", count: 1_001 - empty.byteCount)))
        #expect(bytes.submit(1, tooLong).count == 1)
        #expect(bytes.submit(2, fitting) == [])
    }

    @Test("so many commands are in flight and no more; each reply lets the next go")
    func window() {
        var fixture = Fixture { $0.limits.maximumCommandsInFlight = 2 }
        fixture.connect()
        for id in 1...4 as ClosedRange<UInt64> { _ = fixture.submit(id, RedisCommand("GET", .integer(Int64(id)))) }
        #expect(fixture.sent() == ["GET 1", "GET 2"])
        #expect(!fixture.machine.canSendMore)
        _ = fixture.machine.received(.null, at: fixture.now)
        #expect(fixture.machine.canSendMore)
        #expect(fixture.sent() == ["GET 3"])
        // A batch larger than the window goes alone.
        _ = fixture.machine.received(.null, at: fixture.now)
        _ = fixture.machine.received(.null, at: fixture.now)
        #expect(fixture.sent() == ["GET 4"])
        _ = fixture.submit(5, RedisCommand("A"), RedisCommand("B"), RedisCommand("C"))
        #expect(fixture.sent() == [])
        _ = fixture.machine.received(.null, at: fixture.now)
        #expect(fixture.sent() == ["A", "B", "C"])
    }

    @Test("bytes in flight are bounded; one command may exceed them alone")
    func byteWindow() {
        var fixture = Fixture { $0.limits.maximumBytesInFlight = 200 }
        fixture.connect()
        let large = RedisCommand("SET", .text(String(repeating: "x", count: 300)))
        _ = fixture.submit(1, large)
        _ = fixture.submit(2, RedisCommand("GET", "a"))
        #expect(fixture.sent().count == 1)
        _ = fixture.machine.received(.null, at: fixture.now)
        #expect(fixture.sent() == ["GET a"])
    }

    @Test("a command in the queue fails at its time and may be sent again; one in flight ends the connection and may have been executed")
    func timeouts() {
        var fixture = Fixture { $0.timeouts.command = .seconds(5) }
        _ = fixture.submit(1, RedisCommand("GET", "a"))
        #expect(fixture.machine.nextDeadline == fixture.now + .seconds(5))
        #expect(fixture.machine.tick(at: fixture.now + .seconds(5)) == [.fail(1, RedisError(.timedOut, "no connection yet"))])
        #expect(fixture.machine.nextDeadline == nil)
        #expect(fixture.machine.status.queuedCommands == 0)

        fixture.connect()
        _ = fixture.submit(2, RedisCommand("GET", "b"))
        _ = fixture.sent()
        _ = fixture.submit(3, RedisCommand("GET", "c"), timeout: .seconds(9))
        _ = fixture.sent()
        #expect(fixture.machine.tick(at: fixture.now + .seconds(5) - .nanoseconds(1)) == [])
        fixture.now += .seconds(5)
        let late = RedisError(.timedOut, "no reply", mayHaveBeenExecuted: true)
        #expect(fixture.machine.tick(at: fixture.now) == [.fail(2, late), .disconnect(RedisError(.timedOut, "no reply"))])
        let actions = fixture.machine.disconnected(RedisError(.timedOut, "no reply"), at: fixture.now, random: 0)
        #expect(actions == [.fail(3, late)])
    }

    @Test("a request that was given up keeps its place, and its reply is nobody's")
    func cancellation() {
        var fixture = Fixture()
        fixture.connect()
        _ = fixture.submit(1, RedisCommand("GET", "a"))
        _ = fixture.submit(2, RedisCommand("GET", "b"))
        _ = fixture.sent()
        #expect(fixture.machine.cancel(1) == [.fail(1, RedisError(.cancelled, mayHaveBeenExecuted: true))])
        #expect(fixture.machine.cancel(1) == [])
        #expect(fixture.machine.received(.text("a"), at: fixture.now) == .nothing)
        #expect(fixture.machine.received(.text("b"), at: fixture.now) == .reply(2, .text("b"), isLast: true))
    }

    @Test("a lost connection fails what was sent, and keeps what was not")
    func lostConnection() {
        var fixture = Fixture { $0.limits.maximumCommandsInFlight = 1 }
        fixture.connect()
        _ = fixture.submit(1, RedisCommand("INCR", "a"))
        _ = fixture.submit(2, RedisCommand("INCR", "b"))
        _ = fixture.sent()
        let error = RedisError(.connectionLost)
        #expect(
            fixture.machine.disconnected(error, at: fixture.now, random: 0)
                == [.fail(1, RedisError(.connectionLost, mayHaveBeenExecuted: true))])
        fixture.now += .seconds(1)
        #expect(fixture.machine.tick(at: fixture.now) == [.connect])
        _ = fixture.machine.connected(at: fixture.now)
        for _ in fixture.sent() { _ = fixture.machine.received(.simpleString("OK"), at: fixture.now) }
        #expect(fixture.sent() == ["INCR b"])
        #expect(fixture.machine.status.connections == 2)
    }

    @Test("a silent connection is asked with a PING, and given up without an answer")
    func silence() {
        var fixture = Fixture {
            $0.timeouts.silence = .seconds(1)
            $0.timeouts.ping = .seconds(2)
        }
        fixture.connect()
        #expect(fixture.machine.nextDeadline == fixture.now + .seconds(1))
        fixture.now += .seconds(1)
        #expect(fixture.machine.tick(at: fixture.now) == [.flush])
        #expect(fixture.sent() == ["PING"])
        #expect(fixture.machine.nextDeadline == fixture.now + .seconds(2))
        #expect(fixture.machine.received(.simpleString("PONG"), at: fixture.now) == .nothing)
        #expect(fixture.machine.nextDeadline == fixture.now + .seconds(1))
        fixture.now += .seconds(1)
        _ = fixture.machine.tick(at: fixture.now)
        _ = fixture.sent()
        fixture.now += .seconds(2)
        #expect(fixture.machine.tick(at: fixture.now) == [.disconnect(RedisError(.timedOut, "no reply"))])
    }

    @Test("a connection that is not made, or not greeted, in its time is given up")
    func connectTimeout() {
        var fixture = Fixture { $0.timeouts.connect = .seconds(3) }
        _ = fixture.machine.start(at: fixture.now)
        #expect(fixture.machine.tick(at: fixture.now + .seconds(3)) == [.disconnect(RedisError(.timedOut, "connecting"))])
        _ = fixture.machine.connected(at: fixture.now + .seconds(1))
        #expect(fixture.machine.nextDeadline == fixture.now + .seconds(3))
        #expect(fixture.machine.tick(at: fixture.now + .seconds(3)) == [.disconnect(RedisError(.timedOut, "connecting"))])
    }

    @Test("a reply to nothing, or a push without its shape, ends the connection")
    func violations() {
        var fixture = Fixture()
        fixture.connect()
        #expect(
            fixture.machine.received(.integer(1), at: fixture.now)
                == .actions([.disconnect(RedisError(.protocolViolation, "a reply to nothing"))]))
        for push: [RESPValue] in [[], [.integer(1)], [.text("message"), .text("c")], [.text("pmessage"), .text("c"), .text("p")]] {
            #expect(
                fixture.machine.received(.push(push), at: fixture.now)
                    == .actions([.disconnect(RedisError(.protocolViolation, "a push that has not its shape"))]))
        }
        #expect(fixture.machine.received(.push([.text("invalidate"), .null]), at: fixture.now) == .nothing)
    }

    @Test("commands that change the connection are refused", arguments: ["SUBSCRIBE", "select", "HELLO", "Auth", "QUIT", "MONITOR"])
    func ownCommands(name: String) {
        var fixture = Fixture()
        fixture.connect()
        let actions = fixture.submit(1, RedisCommand(name, "x"))
        #expect(actions == [.fail(1, RedisError(.invalidCommand, "\(name.uppercased()) is the client's own"))])
    }

    @Test("closing fails everything, once")
    func closing() {
        var fixture = Fixture { $0.limits.maximumCommandsInFlight = 1 }
        fixture.connect()
        _ = fixture.submit(1, RedisCommand("GET", "a"))
        _ = fixture.submit(2, RedisCommand("GET", "b"))
        _ = fixture.sent()
        #expect(
            fixture.machine.close()
                == [.fail(1, RedisError(.closed, mayHaveBeenExecuted: true)), .fail(2, RedisError(.closed)), .close])
        #expect(fixture.machine.close() == [])
        #expect(fixture.submit(3, RedisCommand("GET", "c")) == [.fail(3, RedisError(.closed))])
        #expect(fixture.machine.nextDeadline == nil)
    }
}

@Suite("Subscriptions of a client without a socket")
struct RedisSubscriptionMachineTests {
    typealias Fixture = RedisClientMachineTests.Fixture

    private func confirmation(_ kind: String, _ name: String) -> RESPValue { .push([.text(kind), .text(name), .integer(1)]) }

    @Test("a subscription is confirmed, delivers, and is made again after a reconnect")
    func life() throws {
        var fixture = Fixture()
        fixture.connect()
        #expect(RedisSubscription.channel("caf\u{e9}") != .channel("cafe\u{301}"), "Redis compares names by their bytes")
        for subscription: RedisSubscription in [.channel("a"), .pattern("b*"), .shard("c")] {
            #expect(try fixture.machine.subscribe(to: subscription, at: fixture.now) == [.flush])
        }
        #expect(fixture.sent() == ["SUBSCRIBE a", "PSUBSCRIBE b*", "SSUBSCRIBE c"])
        // Commands share the connection.
        _ = fixture.submit(1, RedisCommand("GET", "x"))
        #expect(fixture.sent() == ["GET x"])
        #expect(
            fixture.machine.received(confirmation("subscribe", "a"), at: fixture.now)
                == .actions([.notify(.channel("a"), .established)]))
        _ = fixture.machine.received(confirmation("psubscribe", "b*"), at: fixture.now)
        _ = fixture.machine.received(confirmation("ssubscribe", "c"), at: fixture.now)
        let payload = ByteBuffer(bytes: [0, 255])
        #expect(
            fixture.machine.received(.push([.text("pmessage"), .text("b*"), .text("bc"), .bulkString(payload)]), at: fixture.now)
                == .message(.pattern("b*"), channel: "bc", payload: payload))
        #expect(fixture.machine.received(.text("1"), at: fixture.now) == .reply(1, .text("1"), isLast: true))

        let error = RedisError(.connectionLost)
        let lost = fixture.machine.disconnected(error, at: fixture.now, random: 0)
        #expect(
            Set(lost) == [
                .notify(.channel("a"), .interrupted(error)), .notify(.pattern("b*"), .interrupted(error)),
                .notify(.shard("c"), .interrupted(error)),
            ])
        fixture.now += .seconds(1)
        _ = fixture.machine.tick(at: fixture.now)
        _ = fixture.machine.connected(at: fixture.now)
        for _ in fixture.sent() { _ = fixture.machine.received(.simpleString("OK"), at: fixture.now) }
        #expect(fixture.sent() == ["SUBSCRIBE a", "PSUBSCRIBE b*", "SSUBSCRIBE c"])
        #expect(
            fixture.machine.received(confirmation("subscribe", "a"), at: fixture.now)
                == .actions([.notify(.channel("a"), .established)]))
    }

    @Test("of several SUBSCRIBEs only the last one's confirmation counts")
    func again() throws {
        var fixture = Fixture()
        fixture.connect()
        _ = try fixture.machine.subscribe(to: .channel("a"), at: fixture.now)
        _ = fixture.machine.unsubscribe(from: .channel("a"), at: fixture.now)
        _ = try fixture.machine.subscribe(to: .channel("a"), at: fixture.now)
        #expect(fixture.sent() == ["SUBSCRIBE a", "UNSUBSCRIBE a", "SUBSCRIBE a"])
        #expect(fixture.machine.received(confirmation("subscribe", "a"), at: fixture.now) == .nothing)
        #expect(fixture.machine.received(confirmation("unsubscribe", "a"), at: fixture.now) == .nothing)
        #expect(
            fixture.machine.received(confirmation("subscribe", "a"), at: fixture.now)
                == .actions([.notify(.channel("a"), .established)]))
    }

    @Test("a message after the end of a subscription is dropped")
    func lateMessage() throws {
        var fixture = Fixture()
        fixture.connect()
        _ = try fixture.machine.subscribe(to: .channel("a"), at: fixture.now)
        _ = fixture.sent()
        _ = fixture.machine.received(confirmation("subscribe", "a"), at: fixture.now)
        _ = fixture.machine.unsubscribe(from: .channel("a"), at: fixture.now)
        _ = fixture.sent()
        #expect(fixture.machine.received(.push([.text("message"), .text("a"), .text("late")]), at: fixture.now) == .nothing)
        #expect(fixture.machine.received(confirmation("unsubscribe", "a"), at: fixture.now) == .nothing)
        #expect(fixture.machine.status.subscriptions == 0)
    }

    @Test("a name that Redis refuses takes no other with it")
    func refusal() throws {
        var fixture = Fixture()
        for name in ["a", "b"] { _ = try fixture.machine.subscribe(to: .channel(name), at: fixture.now) }
        fixture.connect()
        // `connect` has taken what goes out: one SUBSCRIBE for both.
        let reply = RESPErrorReply("NOPERM this user has no permissions to access one of the channels used as arguments")
        #expect(fixture.machine.received(.error(reply), at: fixture.now) == .actions([.flush]))
        let single = fixture.sent()
        #expect(Set(single) == ["SUBSCRIBE a", "SUBSCRIBE b"])
        let order = single.map { String($0.dropFirst("SUBSCRIBE ".count)) }
        #expect(
            fixture.machine.received(.error(reply), at: fixture.now)
                == .actions([.notify(.channel(order[0]), .failed(RedisError(reply)))]))
        #expect(
            fixture.machine.received(confirmation("subscribe", order[1]), at: fixture.now)
                == .actions([.notify(.channel(order[1]), .established)]))
        #expect(!fixture.machine.isSubscribed(to: .channel(order[0])))
    }

    @Test("subscriptions are bounded, and give room back")
    func limit() throws {
        var fixture = Fixture { $0.limits.maximumSubscriptions = 2 }
        _ = try fixture.machine.subscribe(to: .channel("a"), at: fixture.now)
        _ = try fixture.machine.subscribe(to: .channel("b"), at: fixture.now)
        let error = #expect(throws: RedisError.self) { try fixture.machine.subscribe(to: .channel("c"), at: fixture.now) }
        #expect(error?.code == .tooManySubscriptions)
        #expect(try fixture.machine.subscribe(to: .channel("b"), at: fixture.now) == [])
        _ = fixture.machine.unsubscribe(from: .channel("a"), at: fixture.now)
        #expect(try fixture.machine.subscribe(to: .channel("c"), at: fixture.now) == [])
    }

    @Test("a confirmation that nobody waits for ends the connection")
    func unexpected() {
        var fixture = Fixture()
        fixture.connect()
        #expect(
            fixture.machine.received(confirmation("subscribe", "a"), at: fixture.now)
                == .actions([.disconnect(RedisError(.protocolViolation, "a subscription that nobody asked for"))]))
    }
}
