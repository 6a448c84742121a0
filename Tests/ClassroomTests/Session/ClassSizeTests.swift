import CoreTestSupport
import Testing

@testable import Classroom

@Suite("Work that does not grow with the class")
struct ClassSizeTests {
    /// A session with so many players, the first question closed and answered by all.
    private func crowd(_ count: Int, _ settings: SessionSettings = .init()) throws -> Room {
        var room = Room(settings)
        for number in 0..<count { try room.join("u\(number)") }
        try room.startAndOpen()
        for number in 0..<count { try room.answer("u\(number)", "q1", .index(number % 4), at: 2_000 + Int64(number)) }
        return room
    }

    @Test("joining, rejoining, observing, coming, going, answering and kicking visit no other player", arguments: [10, 1_000])
    func visits(count: Int) throws {
        var room = try crowd(count)
        try room.apply(.close(by: "host"), at: 20_000)
        let before = room.session.players.walks
        for number in 0..<10 {
            try room.join("late\(number)", at: 20_001)
            #expect(throws: Never.self) { try room.session.requireMayJoin(nickname: "A new guest") }
            try room.apply(.presence(userID: "u\(number)", connected: false), at: 20_002)
            let snapshot = try room.join("u\(number)", at: 20_003).snapshot
            #expect(snapshot?.closed?.answered == count)
            try room.apply(.observe(userID: "somebody"), at: 20_004)
            _ = room.session.progress()
            _ = room.session.boardVersion
        }
        #expect(room.session.players.walks == before)
        try room.apply(.next(by: "host"), at: 30_000)
        let opened = room.session.players.walks
        for number in 0..<5 { try room.answer("u\(number)", "q2", .index(0), at: 30_001) }
        try room.apply(.kick(userID: "u9", by: "host"), at: 30_002)
        #expect(room.session.players.walks == opened)
    }

    #if DEBUG
    @Test("an event's board looks at its first hundred players and at nobody else", arguments: [10, 100, 101, 1_000])
    func boardWork(count: Int) throws {
        let room = try crowd(count)
        let shown = min(count, 100)
        var board: LeaderboardPayload?
        let seen = BoardWork.playersSeen { board = room.session.leaderboardPayload() }
        #expect(seen == shown)
        #expect(board?.entries.count == shown && board?.summary.players == count)
        // The counter does see who looks at everybody.
        let all = BoardWork.playersSeen { _ = room.session.leaderboard() }
        let participants = BoardWork.playersSeen { _ = room.session.participants }
        #expect(all == count && participants == count)
    }
    #endif

    @Test("with auto-advance an answer visits no other player, and the last one closes the question", arguments: [10, 300])
    func autoAdvance(count: Int) throws {
        var settings = SessionSettings()
        settings.autoAdvance = true
        var room = Room(settings)
        for number in 0..<count { try room.join("u\(number)") }
        try room.startAndOpen()
        let before = room.session.players.walks
        for number in 0..<(count - 1) { try room.answer("u\(number)", "q1", .index(1), at: 2_000) }
        #expect(room.session.players.walks == before)
        #expect(room.session.phase == .open)
        try room.answer("u\(count - 1)", "q1", .index(1), at: 2_001)
        #expect(room.session.phase == .closed)
    }

    @Test("a kick after the close takes the player's answer out of the reveal that others get")
    func revealChanges() throws {
        var room = try crowd(4)
        try room.apply(.close(by: "host"), at: 20_000)
        let before = try room.join("u0", at: 20_001).snapshot
        #expect(before?.closed?.distribution == [1, 1, 1, 1])
        try room.apply(.kick(userID: "u3", by: "host"), at: 20_002)
        let after = try room.join("u0", at: 20_003).snapshot
        #expect(after?.closed?.distribution == [1, 1, 1, 0])
    }

    @Test("an answer that the store refuses after the close is out of the reveal")
    func rejectedAfterTheClose() throws {
        var room = Room()
        try room.join("a", "b")
        try room.startAndOpen()
        try room.answer("a", "q1", .index(1), at: 2_000)
        try room.apply(.answer(userID: "b", questionID: "q1", answer: .index(1), timeSpent: nil), at: 2_001)
        try room.apply(.close(by: "host"), at: 3_000)
        let before = try room.join("a", at: 3_001).snapshot
        #expect(before?.closed?.answered == 2)
        let oldest = room.dropOldest()
        try room.apply(.answerRejected(try #require(oldest).key), at: 3_002)
        let after = try room.join("a", at: 3_003).snapshot
        #expect(after?.closed?.answered == 1)
    }

    @Test("the counts are those of a walk through the class, after any sequence of events", arguments: 0..<20)
    func counts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var settings = SessionSettings()
        settings.pace = seed % 2 == 0 ? .live : .self
        settings.revealAnswers = seed % 3 == 0 ? .afterClose : .immediately
        var room = Room(settings, limits: SessionLimits(leaderboardEntries: 5))
        var now: Int64 = 0
        for _ in 0..<400 {
            now += Int64.random(in: 0..<300, using: &random)
            let user = "u\(Int.random(in: 0..<12, using: &random))"
            let question = "q\(Int.random(in: 1...3, using: &random))"
            let command: SessionCommand =
                switch Int.random(in: 0..<12, using: &random) {
                case 0...2: .join(userID: user, name: user, isNickname: false)
                case 3: .presence(userID: user, connected: false)
                case 4: .leave(userID: user)
                case 5: .kick(userID: user, by: "host")
                case 6: .start(by: "host")
                case 7: .next(by: "host")
                case 8: .close(by: "host")
                case 9: .tick
                default: .answer(userID: user, questionID: question, answer: .index(1), timeSpent: nil)
                }
            if case .kick = command, Bool.random(using: &random) { continue }
            _ = try? room.apply(command, at: now)
            if Bool.random(using: &random) { try room.commit(at: now) }
            let players = room.session.players.inOrder
            let taking = players.filter(\.isTakingPart)
            let onBoard = players.filter { !$0.record.kicked }
            #expect(room.session.players.onBoard == onBoard.count)
            #expect(room.session.progress().away ?? [] == onBoard.filter { !$0.isConnected }.map(\.record.userID))
            #expect(room.session.progress().answered == taking.count { room.session.isDone($0.record.userID) })
            #expect(room.session.progress().players == taking.count { room.session.isDone($0.record.userID) || $0.isConnected })
            for player in players {
                let ahead = players.count { !$0.record.kicked && $0.standing.isAhead(of: player.standing) }
                #expect(room.session.players.countAhead(of: player.standing) == ahead)
            }
            let board = Leaderboard(onBoard.map { ($0.record, $0.standing) })
            #expect(room.session.leaderboard() == board)
            #expect(room.session.leaderboardPayload().entries == Array(board.entries.prefix(5)))
            if room.session.phase == .ended { break }
        }
    }

    @Test("accounts whose names begin alike are numbered without a search each")
    func longNames() throws {
        var room = Room()
        let beginning = String(repeating: "n", count: 30)
        for number in 0..<2_000 {
            try room.apply(
                .join(userID: "u\(number)", name: beginning + String(UnicodeScalar(UInt8(97 + number % 20))), isNickname: false), at: 0)
        }
        #expect(Set(room.session.participants.map(\.username)).count == 2_000)
        // One search for all: it went on where the last one ended.
        #expect(room.session.nextNumbers.count == 1)
        #expect(room.session.nextNumbers.values.max() == 1_982)
    }

    @Test("with extra time for many players, a command visits only those whom it concerns")
    func extraTime() throws {
        var settings = SessionSettings()
        settings.extraTimeMs = ["slow": 5_000]
        var room = Room(settings)
        try room.join("slow", "quick")
        try room.startAndOpen(at: 1_000)
        #expect(room.wake == 36_000)
        try room.answer("quick", "q1", .index(1), at: 2_000)
        #expect(room.wake == 36_000)
        try room.answer("slow", "q1", .index(1), at: 3_000)
        #expect(room.wake == 31_000)
    }
}
