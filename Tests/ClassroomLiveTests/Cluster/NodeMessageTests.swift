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

    @Test("a message of the most bytes is read, and one byte more is not")
    func size() throws {
        let start = #"{"from":"a","sequence":1,"body":{"over":{"sessionID":"s"}}"#
        let padding = String(repeating: " ", count: NodeMessage.maximumBytes - start.utf8.count - 1)
        #expect(throws: Never.self) { try NodeMessage(ByteBuffer(string: start + padding + "}")) }
        #expect(throws: (any Error).self) { try NodeMessage(ByteBuffer(string: start + padding + " }")) }
    }
}
