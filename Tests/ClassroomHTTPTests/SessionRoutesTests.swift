import Classroom
@testable import ClassroomHTTP
@testable import ClassroomLive
import ClassroomStore
import HTTPTypes
import Hummingbird
import JSONCore
import NIOCore
import Testing

@Suite("HTTP API: sessions")
struct SessionRoutesTests {
    private let server = HTTPTestServer()

    private func prepare() async throws {
        let questions = [
            Question(id: "a", question: "=1+1?", options: ["1", "2"], correctAnswer: .index(1)),
            Question(id: "b", question: "Say, \"hi\"", options: [], correctAnswer: .text("hi")),
        ]
        try await server.store.save(Quiz(id: "quiz", title: "Quiz", questions: questions, createdBy: "ann"))
        try await server.store.createSession(
            SessionRecord(id: "s1", quizID: "quiz", status: .active, joinCode: "123456", createdBy: "ann", createdAt: 5))
        for (user, name) in [("u1", "=cmd()"), ("u2", "Ben"), ("u3", "Cyd")] {
            _ = try await server.store.save(ParticipantRecord(sessionID: "s1", userID: user, username: name, joinedAt: 6))
        }
        func submit(_ user: String, _ question: String, _ answer: Answer, _ correct: Bool, _ points: Int) async throws {
            _ = try await server.store.submit(
                AnswerRecord(
                    sessionID: "s1", questionID: question, userID: user, answer: answer, correct: correct, score: points, timeBonus: 0,
                    elapsedMs: 1_000, answeredAt: 10))
        }
        try await submit("u1", "a", .index(1), true, 100)
        try await submit("u2", "a", .index(0), false, 0)
        try await submit("u2", "b", .text("-1+2"), false, 0)
    }

    @Test("the list has the caller's own sessions with their titles")
    func list() async throws {
        try await prepare()
        try await server.store.createSession(SessionRecord(id: "s2", quizID: "gone", status: .ended, createdBy: "ann", createdAt: 9))
        try await server.store.createSession(SessionRecord(id: "s3", quizID: "quiz", createdBy: "bea", createdAt: 9))
        let sessions = try await server.call(.get, "/api/v1/sessions", token: "ann").json()["sessions"] as? [[String: Any]]
        #expect(sessions?.map { $0["sessionId"] as? String } == ["s2", "s1"])
        #expect(sessions?.map { $0["title"] as? String } == [nil, "Quiz"])
        let active = try await server.call(.get, "/api/v1/sessions?status=active", token: "ann").json()["sessions"] as? [[String: Any]]
        #expect(active?.map { $0["sessionId"] as? String } == ["s1"])
        for status in ["over", "", "active%20", "activ" + String(repeating: "e%CC%81", count: 300)] {
            #expect(try await server.call(.get, "/api/v1/sessions?status=\(status)", token: "ann").status == 400)
        }
    }

    @Test("a report lists players by rank, and for each question its answers")
    func report() async throws {
        try await prepare()
        let json = try await server.call(.get, "/api/v1/sessions/s1/report", token: "ann").json()
        let players = json["players"] as? [[String: Any]] ?? []
        #expect(players.map { $0["userId"] as? String } == ["u1", "u2", "u3"])
        #expect(players.map { $0["rank"] as? Int } == [1, 2, 2])
        #expect(players.map { $0["score"] as? Int } == [100, 0, 0])
        let questions = json["questions"] as? [[String: Any]] ?? []
        #expect(questions.map { $0["answered"] as? Int } == [2, 1])
        #expect(questions.map { $0["correct"] as? Int } == [1, 0])
        #expect(questions.first?["distribution"] as? [Int] == [1, 1])
    }

    @Test("a report as CSV has one row per player, and no cell is a formula")
    func csv() async throws {
        try await prepare()
        let answer = try await server.call(.get, "/api/v1/sessions/s1/report.csv", token: "ann")
        #expect(answer.headers[.contentType] == "text/csv; charset=utf-8")
        #expect(answer.headers[.contentDisposition] == "attachment; filename=\"Quiz.csv\"")
        #expect(
            answer.body.split(separator: "\r\n").map(String.init) == [
                "\u{FEFF}rank,userId,username,score,correctAnswers,Q1 =1+1?,Q1 correct answer,Q1 correct,Q1 points,Q1 seconds,"
                    + "\"Q2 Say, \"\"hi\"\"\",Q2 correct answer,Q2 correct,Q2 points,Q2 seconds",
                "1,u1,'=cmd(),100,1,2,2,yes,100,1.000,,hi,,,", "2,u2,Ben,0,0,1,2,no,0,1.000,'-1+2,hi,no,0,1.000",
                "2,u3,Cyd,0,0,,,,,,,,,,",
            ])
        let accepted = try await server.call(.get, "/api/v1/sessions/s1/report", token: "ann", headers: [.accept: "text/csv"])
        #expect(accepted.body == answer.body)
    }

    @Test("a CSV file is written in pieces, and has a correct answer once, and again for each player who answered its question")
    func pieces() throws {
        let texts = (0..<50).map { "right \($0) " + String(repeating: "x", count: 2_000) }
        let questions = texts.enumerated().map { number, text in
            Question(id: "q\(number)", question: "?", options: ["wrong", text], correctAnswer: .index(1))
        }
        let participants = (0..<2_000).map { ParticipantRecord(sessionID: "s", userID: "u\($0)", username: "U \($0)", joinedAt: Int64($0)) }
        let answer = AnswerRecord(
            sessionID: "s", questionID: "q7", userID: "u9", answer: .index(0), correct: false, score: 0, timeBonus: 0, elapsedMs: 1,
            answeredAt: 9_000)
        let report = SessionReport(
            session: SessionRecord(id: "s", quizID: "quiz", createdBy: "ann"),
            quiz: Quiz(id: "quiz", title: "Quiz", questions: questions, createdBy: "ann"), participants: participants, answers: [answer])
        var sheet = ReportSheet(report)
        var pieces: [ByteBuffer] = []
        while let piece = sheet.next() { pieces.append(piece) }
        #expect(pieces.count > 5)
        for piece in pieces { #expect(piece.readableBytes < ReportSheet.pieceBytes + 4_096) }
        let bytes = pieces.flatMap { Array($0.readableBytesView) }
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1 + participants.count)
        let cells = bytes.split(separator: UInt8(ascii: ",")).map { (String(decoding: $0, as: UTF8.self), 1) }
        let counts = Dictionary(cells, uniquingKeysWith: +)
        for (number, text) in texts.enumerated() { #expect(counts[text] == (number == 7 ? 2 : 1)) }
        #expect(sheet.next() == nil)
    }

    @Test("a report as JSON is written in pieces, whose text is that of the whole report")
    func jsonPieces() throws {
        let long = String(repeating: "\"x\"", count: 300)
        let questions = (0..<200).map { Question(id: "q\($0)", question: long, options: ["a", long], correctAnswer: .index(1)) }
        let participants = (0..<100).map { ParticipantRecord(sessionID: "s", userID: "u\($0)", username: "U \($0)", joinedAt: Int64($0)) }
        let answers = participants.flatMap { participant in
            (0..<20).map { number in
                AnswerRecord(
                    sessionID: "s", questionID: "q\(number)", userID: participant.userID, answer: .text(long), correct: false, score: 0,
                    timeBonus: 0, elapsedMs: 1, answeredAt: 9_000)
            }
        }
        let report = SessionReport(
            session: SessionRecord(id: "s", quizID: "quiz", createdBy: "ann"),
            quiz: Quiz(id: "quiz", title: "Quiz", questions: questions, createdBy: "ann"), participants: participants, answers: answers)
        var document = ReportDocument(report)
        var whole = ByteBuffer()
        var pieces = 0
        while let piece = try document.next() {
            pieces += 1
            #expect(piece.readableBytes < ReportDocument.pieceBytes + 4_096)
            whole.writeImmutableBuffer(piece)
        }
        #expect(try document.next() == nil)
        #expect(pieces > 30)
        let json = try JSONSlice(validating: whole, maximumDepth: 8)
        #expect(json["players"]?.elements.count == 100 && json["questions"]?.elements.count == 200)
        #expect(json["players"]?.elements.allSatisfy { $0["answers"]?.elements.count == 20 } == true)
        #expect(json["players"]?.elements.last?["answers"]?.elements.last?["answer"]?.string == long)
        let answered = json["questions"]?.elements.map { $0["answered"]?.int ?? -1 }
        #expect(answered == (0..<200).map { $0 < 20 ? 100 : 0 })
    }

    @Test("a report as JSON has these members, in this order")
    func jsonText() async throws {
        try await prepare()
        let answer = try await server.call(.get, "/api/v1/sessions/s1/report", token: "ann")
        #expect(answer.headers[.contentType] == Response.jsonType)
        let expected = [
            #"{"sessionId":"s1","quizId":"quiz","title":"Quiz","status":"active","createdAt":5,"players":["#,
            #"{"rank":1,"userId":"u1","username":"=cmd()","score":100,"correctAnswers":1,"answers":["#,
            #"{"questionId":"a","answer":1,"correct":true,"points":100,"elapsedMs":1000}]},"#,
            #"{"rank":2,"userId":"u2","username":"Ben","score":0,"correctAnswers":0,"answers":["#,
            #"{"questionId":"a","answer":0,"correct":false,"points":0,"elapsedMs":1000},"#,
            #"{"questionId":"b","answer":"-1+2","correct":false,"points":0,"elapsedMs":1000}]},"#,
            #"{"rank":2,"userId":"u3","username":"Cyd","score":0,"correctAnswers":0,"answers":[]}],"questions":["#,
            #"{"questionId":"a","question":"=1+1?","options":["1","2"],"correctAnswer":1,"answered":2,"correct":1,"#,
            #""distribution":[1,1]},{"questionId":"b","question":"Say, \"hi\"","options":[],"correctAnswer":"hi","answered":1,"#,
            #""correct":0,"distribution":[]}]}"#,
        ]
        #expect(answer.body == expected.joined())
    }

    @Test("what was played stays: an edited or deleted quiz changes no report, no board and no list")
    func edited() async throws {
        try await prepare()
        func report() async throws -> String { try await server.call(.get, "/api/v1/sessions/s1/report", token: "ann").body }
        func table() async throws -> String { try await server.call(.get, "/api/v1/sessions/s1/report.csv", token: "ann").body }
        let (before, csvBefore) = (try await report(), try await table())
        let other = [Question(id: "a", question: "Largest city of Italy?", options: ["Rome", "Milan"], correctAnswer: .index(0))]
        try await server.store.save(Quiz(id: "quiz", title: "Italy", questions: other, createdBy: "ann"))
        #expect(try await report() == before)
        _ = try await server.store.deleteQuiz(id: "quiz")
        #expect(try await report() == before)
        #expect(try await table() == csvBefore)
        let sessions = try await server.call(.get, "/api/v1/sessions", token: "ann").json()["sessions"] as? [[String: Any]]
        #expect(sessions?.first?["title"] as? String == "Quiz")
    }

    @Test("only the session's owner gets its report", arguments: ["bea", "stu"])
    func ownership(token: String) async throws {
        try await prepare()
        for path in ["report", "report.csv"] {
            let answer = try await server.call(.get, "/api/v1/sessions/s1/\(path)", token: token)
            #expect(answer.status == 403)
            #expect(!answer.body.contains("cmd"))
        }
    }

    @Test(
        "a session whose row names no owner is that of whoever manages quizzes", arguments: [("ann", true), ("bea", false), ("stu", false)])
    func noOwner(token: String, isOwn: Bool) async throws {
        try await server.store.createSession(SessionRecord(id: "free", quizID: "quiz", createdBy: "", createdAt: 5))
        let sessions = try await server.call(.get, "/api/v1/sessions", token: token).json()["sessions"] as? [[String: Any]]
        #expect(sessions?.map { $0["sessionId"] as? String } == (isOwn ? ["free"] : []))
        #expect(try await server.call(.get, "/api/v1/sessions/free/report", token: token).status == (isOwn ? 200 : 403))
    }

    @Test(
        "the whole board is for the owner and for those who take part, and counts what is revealed",
        arguments: [("ann", 200), ("stu", 200), ("bea", 403)])
    func leaderboard(token: String, status: Int) async throws {
        try await prepare()
        for index in 0..<200 {
            _ = try await server.store.save(ParticipantRecord(sessionID: "s1", userID: "x\(index)", username: "X \(index)", joinedAt: 7))
        }
        _ = try await server.store.save(ParticipantRecord(sessionID: "s1", userID: "stu", username: "Stu", joinedAt: 8))
        _ = try await server.store.save(ParticipantRecord(sessionID: "s1", userID: "out", username: "Out", joinedAt: 8, kicked: true))
        let answer = try await server.call(.get, "/api/v1/sessions/s1/leaderboard", token: token)
        #expect(answer.status == status)
        guard status == 200 else { return }
        let json = try answer.json()
        let entries = json["entries"] as? [[String: Any]] ?? []
        #expect(entries.count == 204)
        #expect(entries.first?["userId"] as? String == "u1")
        #expect(entries.first?["score"] as? Int == 100)
        #expect(entries.allSatisfy { $0["userId"] as? String != "out" })
        let summary = json["summary"] as? [String: Any]
        #expect(summary?["sessionId"] as? String == "s1")
        #expect(summary?["players"] as? Int == 204)
        #expect(summary?["final"] as? Bool == false)
    }

    @Test("all requests for a board share its bytes until somebody joins")
    func sharedLeaderboard() async throws {
        try await prepare()
        func board() async throws -> ByteBuffer {
            try await server.runtime.leaderboardDocument(sessionID: "s1", for: try #require(HTTPTestServer.tokens["ann"]))
        }
        let first = try await board()
        let again = try await board()
        #expect(memory(of: first) == memory(of: again))
        let user = User(id: "new", username: "New")
        _ = try await server.runtime.service.joinSession("s1", user, CallContext(receivedAt: SystemClock().now))
        let later = try await board()
        #expect(memory(of: later) != memory(of: first))
        #expect(String(buffer: later).contains(#""userId":"new""#) && !String(buffer: first).contains(#""userId":"new""#))
    }

    /// Where the bytes are: those of a buffer that was written anew are elsewhere while the other one lives.
    private func memory(of buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withUnsafeReadableBytes { $0.baseAddress } }

    @Test("a board hides results until the close, and is refused to a kicked player")
    func heldLeaderboard() async throws {
        try await prepare()
        var session = try #require(try await server.store.session(id: "s1"))
        session.settings.revealAnswers = .afterClose
        session.phase = "open"
        session.questionIndex = 0
        #expect(try await server.store.update(session))
        let json = try await server.call(.get, "/api/v1/sessions/s1/leaderboard", token: "ann").json()
        #expect((json["entries"] as? [[String: Any]])?.map { $0["score"] as? Int } == [0, 0, 0])
        _ = try await server.store.save(ParticipantRecord(sessionID: "s1", userID: "stu", username: "Stu", joinedAt: 8, kicked: true))
        #expect(try await server.call(.get, "/api/v1/sessions/s1/leaderboard", token: "stu").status == 403)
    }

    @Test("a missing session has no report", arguments: ["nothing", "not%20an%20id", String(repeating: "x", count: 65)])
    func unknown(id: String) async throws {
        #expect(try await server.call(.get, "/api/v1/sessions/\(id)/report", token: "ann").status == 404)
    }
}
