import Classroom
import JSONCore
import NIOCore
import Testing

@testable import ClassroomLive

@Suite("Messages between nodes")
struct NodeMessageTests {
    private func roundTrip(_ body: NodeMessage.Body) throws -> NodeMessage.Body {
        let read = try NodeMessage(NodeMessage(from: "n1", sequence: 7, body: body).bytes)
        #expect(read.from == "n1" && read.sequence == 7)
        return read.body
    }

    @Test(
        "every action comes back as it was",
        arguments: [
            .mayJoin(nickname: "Zoë \"quoted\""), .join, .observe(managesQuizzes: true), .leave,
            .answer(questionID: "q1", answer: .index(2), timeSpent: nil),
            .answer(questionID: "q1", answer: .list([.text("a"), .index(1)]), timeSpent: 1.5), .start, .next(seen: nil), .close(seen: "q1"),
            .end(seen: "q2"), .kick(userID: "u", seen: nil), .lock(isLocked: false), .board(managesQuizzes: nil),
            .board(managesQuizzes: true),
        ] as [SessionAction])
    func actions(_ action: SessionAction) throws {
        let request = ForwardedRequest(
            id: 3, sessionID: "s", action: action, userID: "u", username: "U", role: .guest, socketID: nil, isPlayer: true, receivedAt: 12,
            device: "d")
        guard case .request(let read) = try roundTrip(.request(request)) else { throw NodeMessageError() }
        #expect(read.action == action)
        #expect(read.id == 3 && read.sessionID == "s" && read.userID == "u" && read.username == "U" && read.role == .guest)
        #expect(read.socketID == nil && read.isPlayer && read.receivedAt == 12 && read.device == "d")
    }

    private static let question = QuestionPayload(
        sessionId: "s", questionId: "q", questionNumber: 1, questionCount: 2, question: "?", options: ["a", "b"], multiple: true,
        durationMs: 10, deadline: 20, remainingMs: 5)
    private static let closed = QuestionClosed(
        sessionId: "s", questionId: "q", questionNumber: 1, questionCount: 2, correctAnswer: .list([.index(1)]), distribution: [1, 2],
        texts: [TextCount(text: "x", count: 1)], answered: 3, you: OwnStanding(rank: 1, score: 2, correctAnswers: 3, players: 4))
    private static let snapshot = SessionSnapshot(
        sessionId: "s", title: "T", status: .active, phase: .closed, pace: .self, questionCount: 2, players: 3, role: .host,
        joinCode: "ABC", startsInMs: 4,
        you: .init(userId: "u", username: "U", score: 1, correctAnswers: 1, rank: 1, token: "t"), question: question,
        answer: AnswerResult(sessionId: "s", questionId: "q", correct: true, score: 1, timeBonus: 2, totalScore: 3), closed: closed)

    @Test(
        "every answer comes back as it was",
        arguments: [
            .joined(snapshot), .observing(snapshot), .left(SessionLeft(sessionId: "s")),
            .started(QuizStarted(sessionId: "s", title: "T", questionCount: 1, startsInMs: 2)), .question(question),
            .questionClosed(closed), .answerResult(AnswerResult(sessionId: "s", questionId: "q", pending: true, duplicate: true)),
            .progress(Progress(sessionId: "s", questionId: nil, answered: 1, players: 2, away: ["u"])),
            .ended(QuizEnded(sessionId: "s", title: "T", questionCount: 1, players: 2)),
            .kicked(SessionKicked(sessionId: "s", userId: "u")), .locked(SessionLocked(sessionId: "s", locked: true)),
        ] as [SessionEvent])
    func replies(_ event: SessionEvent) throws {
        let answer = ForwardedAnswer(id: 4, result: .init(.reply(SessionReply(event, isRoomEvent: true))))
        guard case .answer(let read) = try roundTrip(.answer(answer)), case .success(.reply(let reply)) = try read.result.answer() else {
            throw NodeMessageError()
        }
        #expect(read.id == 4 && reply.isRoomEvent)
        #expect(reply.event == event)
        #expect(JSONBody(reply.event).slice == JSONBody(event).slice, "the client gets the same bytes")
    }

    @Test("a refusal comes back as it was, for each code")
    func refusals() throws {
        for code in ClassroomError.Code.allCases {
            let error = ClassroomError(code, "why", retryAfterMs: code == .unavailable ? 500 : nil)
            guard case .answer(let read) = try roundTrip(.answer(ForwardedAnswer(id: 1, result: .init(error)))) else {
                throw NodeMessageError()
            }
            guard case .failure(let same) = try read.result.answer() else { throw NodeMessageError() }
            #expect(same == error)
        }
        guard case .answer(let read) = try roundTrip(.answer(ForwardedAnswer(id: 1, result: .moved))) else { throw NodeMessageError() }
        #expect(try read.result.answer() == nil)
    }

    @Test("seats, beats and notices come back as they were")
    func seats() throws {
        let report = SeatReport(
            sessionID: "s", seats: [.init(socketID: "1", userID: "u", parts: [.player, .host])], before: 9, tellsAll: true)
        guard case .seats(let read) = try roundTrip(.seats(report)) else { throw NodeMessageError() }
        #expect(read.seats.map(\.parts) == [[.player, .host]] && read.before == 9 && read.tellsAll)
        guard case .beat(let counts) = try roundTrip(.beat(counts: ["s": 2])) else { throw NodeMessageError() }
        #expect(counts == ["s": 2])
        guard case .owner("s", 3, true) = try roundTrip(.owner(sessionID: "s", epoch: 3, tellsAll: true)) else { throw NodeMessageError() }
        guard case .unknown(["s"]) = try roundTrip(.unknown(sessionIDs: ["s"])) else { throw NodeMessageError() }
        guard case .over("s") = try roundTrip(.over(sessionID: "s")) else { throw NodeMessageError() }
    }

    @Test("an event of a session comes back as it was")
    func broadcast() throws {
        let broadcast = SessionBroadcast(
            stage: SessionStage(sessionID: "s", createdAt: 9, epoch: 3), rooms: ["quiz:s"], except: ["1"],
            event: try JSONSlice(validating: ByteBuffer(string: #"["quiz:leaderboard",[{"rank":1}],{"version":2}]"#)))
        guard case .broadcast(let read) = try roundTrip(.broadcast(broadcast)) else { throw NodeMessageError() }
        #expect(read.stage == broadcast.stage && read.rooms == ["quiz:s"] && read.except == ["1"])
        #expect(read.event.bytes == broadcast.event.bytes)
    }

    @Test(
        "what is no message is refused",
        arguments: [
            "", "{", "null", "[]", "{}", #"{"from": "a"}"#, #"{"from": "a", "sequence": 1, "body": {}}"#,
            #"{"from": "a", "sequence": 1, "body": {"nothing": {}}}"#, #"{"from": "a", "sequence": "x", "body": {"beat": {"counts": {}}}}"#,
            #"{"from": "a", "sequence": 1, "body": {"request": {"_0": {"id": 1}}}}"#, "\u{FF}\u{0}",
        ])
    func garbage(_ text: String) {
        #expect(throws: (any Error).self) { try NodeMessage(ByteBuffer(string: text)) }
    }

    @Test("numbers that a node could not reckon with are refused", arguments: [Int.min, -1, 1 << 53 + 1, Int.max])
    func numbers(_ number: Int) throws {
        let request = ForwardedRequest(
            id: number, sessionID: "s", action: .join, userID: "u", username: "U", role: .guest, socketID: nil, isPlayer: true,
            receivedAt: 1,
            device: nil)
        var late = request
        (late.id, late.receivedAt) = (1, Int64(number))
        let bodies: [NodeMessage.Body] = [
            .request(request), .request(late), .answer(ForwardedAnswer(id: number, result: .moved)),
            .answer(ForwardedAnswer(id: 1, result: .refused(code: "invalid", message: "no", retryAfterMs: number))),
            .seats(SeatReport(sessionID: "s", seats: [], before: number, tellsAll: false)),
            .owner(sessionID: "s", epoch: number, tellsAll: false), .beat(counts: ["s": number]),
            .broadcast(
                SessionBroadcast(stage: SessionStage(sessionID: "s", createdAt: 1, epoch: number), rooms: [], except: [], event: .null)),
            .broadcast(
                SessionBroadcast(
                    stage: SessionStage(sessionID: "s", createdAt: Int64(number), epoch: 1), rooms: [], except: [], event: .null)),
        ]
        for body in bodies { #expect(throws: NodeMessageError.self, "\(body)") { _ = try self.roundTrip(body) } }
        let message = NodeMessage(from: "n1", sequence: number, body: .over(sessionID: "s"))
        #expect(throws: NodeMessageError.self) { _ = try NodeMessage(message.bytes) }
    }

    @Test("names of the most bytes are read, and with one byte more the message is refused")
    func names() throws {
        let list = try JSONSlice(validating: ByteBuffer(string: "[]"))
        func name(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }
        func request(_ change: (inout ForwardedRequest) -> Void) -> NodeMessage.Body {
            var request = ForwardedRequest(
                id: 1, sessionID: "s", action: .join, userID: "u", username: "U", role: .guest, socketID: nil, isPlayer: true,
                receivedAt: 1, device: nil)
            change(&request)
            return .request(request)
        }
        func broadcast(session: String = "s", rooms: [String] = [], except: [String] = []) -> NodeMessage.Body {
            let stage = SessionStage(sessionID: session, createdAt: 1, epoch: 1)
            return .broadcast(SessionBroadcast(stage: stage, rooms: rooms, except: except, event: list))
        }
        func seats(session: String = "s", socket: String = "1", user: String = "u") -> NodeMessage.Body {
            let seat = SeatReport.Seat(socketID: socket, userID: user, parts: [.player])
            return .seats(SeatReport(sessionID: session, seats: [seat], before: 1, tellsAll: false))
        }
        func left(session: String = "s", socket: String = "1", user: String = "u") -> SocketLeft {
            SocketLeft(sessionID: session, socketID: socket, userID: user)
        }
        func check(_ maximum: Int, sourceLocation: SourceLocation = #_sourceLocation, _ body: (String) -> NodeMessage.Body) {
            let (longest, tooLong) = (body(name(maximum)), body(name(maximum + 1)))
            #expect(throws: Never.self, sourceLocation: sourceLocation) { _ = try self.roundTrip(longest) }
            #expect(throws: NodeMessageError.self, sourceLocation: sourceLocation) { _ = try self.roundTrip(tooLong) }
        }
        check(64) { text in request { $0.sessionID = text } }
        check(128) { text in request { $0.userID = text } }
        check(1_024) { text in request { $0.username = text } }
        check(64) { text in request { $0.socketID = text } }
        check(64) { text in request { $0.device = text } }
        check(1_024) { text in request { $0.action = .mayJoin(nickname: text) } }
        check(384) { text in request { $0.action = .next(seen: text) } }
        check(384) { text in request { $0.action = .kick(userID: text, seen: nil) } }
        check(384) { text in request { $0.action = .answer(questionID: text, answer: .index(1), timeSpent: nil) } }
        check(1_500) { text in request { $0.action = .answer(questionID: "q", answer: .list([.text(text)]), timeSpent: nil) } }
        check(384) { .answer(ForwardedAnswer(id: 1, result: .refused(code: $0, message: "no", retryAfterMs: nil))) }
        check(384) { .answer(ForwardedAnswer(id: 1, result: .reply(event: $0, payload: list, isRoomEvent: false))) }
        check(64) { .left(left(session: $0)) }
        check(64) { .left(left(socket: $0)) }
        check(128) { .left(left(user: $0)) }
        check(64) { .seatsRefused([left(socket: $0)]) }
        check(64) { seats(session: $0) }
        check(64) { seats(socket: $0) }
        check(128) { seats(user: $0) }
        check(64) { .seatsWanted(sessionIDs: [$0]) }
        check(64) { .unknown(sessionIDs: [$0]) }
        check(64) { .owner(sessionID: $0, epoch: 1, tellsAll: false) }
        check(64) { .over(sessionID: $0) }
        check(64) { .beat(counts: [$0: 1]) }
        check(64) { broadcast(session: $0) }
        check(384) { broadcast(rooms: [$0]) }
        check(384) { broadcast(except: [$0]) }
        for (count, isRead) in [(64, true), (65, false), (0, false)] {
            let bytes = try NodeMessage(from: name(count), sequence: 1, body: .over(sessionID: "s")).bytes
            #expect(((try? NodeMessage(bytes)) != nil) == isRead)
        }
    }

    @Test("ids of sessions that are none are refused, and lists of more sessions than a node knows")
    func sessionIDs() throws {
        for id in ["", "a b", "é", "a\u{301}"] {
            let bodies: [NodeMessage.Body] = [
                .over(sessionID: id), .unknown(sessionIDs: ["s", id]), .seatsWanted(sessionIDs: [id]), .beat(counts: [id: 1]),
                .owner(sessionID: id, epoch: 1, tellsAll: false),
            ]
            for body in bodies { #expect(throws: NodeMessageError.self, "\(body)") { _ = try self.roundTrip(body) } }
        }
        let ids = (0...NodeMessage.maximumSessions).map { "s\($0)" }
        let most = Array(ids.dropLast())
        func counts(_ ids: [String]) -> [String: Int] { Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) }) }
        for body in [NodeMessage.Body.unknown(sessionIDs: most), .seatsWanted(sessionIDs: most), .beat(counts: counts(most))] {
            #expect(throws: Never.self) { _ = try self.roundTrip(body) }
        }
        for body in [NodeMessage.Body.unknown(sessionIDs: ids), .seatsWanted(sessionIDs: ids), .beat(counts: counts(ids))] {
            #expect(throws: NodeMessageError.self) { _ = try self.roundTrip(body) }
        }
    }

    @Test("a message of the most bytes is read, and one byte more is not")
    func size() throws {
        let start = #"{"from":"a","sequence":1,"body":{"over":{"sessionID":"s"}}"#
        let padding = String(repeating: " ", count: NodeMessage.maximumBytes - start.utf8.count - 1)
        #expect(throws: Never.self) { try NodeMessage(ByteBuffer(string: start + padding + "}")) }
        #expect(throws: (any Error).self) { try NodeMessage(ByteBuffer(string: start + padding + " }")) }
    }
}
