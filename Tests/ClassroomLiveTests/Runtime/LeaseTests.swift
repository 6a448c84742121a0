import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Several servers and their sessions")
struct LeaseTests {
    private let store = StoreDouble(isShared: true)
    private let join = #"{"sessionId": "test_session_1"}"# as JSON
    private let answer = #"{"questionId": "q1", "answer": 1}"# as JSON

    private func bench(leaseMs: Int) -> ClassroomBench {
        ClassroomBench(store: store) {
            $0.leaseDurationMs = leaseMs
            $0.leaseRenewalMs = leaseMs == 0 ? 3_600_000 : 1_000
        }
    }

    @Test("while its owner renews the lease, another server refuses the session")
    func held() async throws {
        try await bench(leaseMs: 3_600_000).run { one in
            _ = try await one.host()
            try await bench(leaseMs: 3_600_000).restart { two in
                let player = try await two.student(0)
                let passing = Task {
                    while !Task.isCancelled {
                        one.clock.advance(by: 1_000)
                        two.clock.advance(by: 500)
                        try await Task.sleep(for: .milliseconds(1))
                    }
                }
                let refused = try await player.ask("quiz:join", join)
                passing.cancel()
                #expect(refused.code == "unavailable")
                #expect(refused["error"]?["message"]?.string == ClassroomError.sessionElsewhere.message)
            }
            #expect(try await one.player(0).ask("quiz:leave").isOK)
            #expect(one.runtime.snapshot().leases == 1)
        }
    }

    @Test("a server whose lease has ended is followed by another, finds its epoch old and changes nothing any more")
    func takeover() async throws {
        try await bench(leaseMs: 0).run { one in
            let host = try await one.host()
            let late = try await one.player(0)
            let player = try await one.player(1)
            try await one.start(host)
            let question = try await player.payload("quiz:question")
            #expect(try await player.ask("quiz:answer", answer).isOK)
            try await bench(leaseMs: 3_600_000).restart { two in
                #expect(try await store.session(id: "test_session_1")?.epoch == 2)
                #expect(two.runtime.snapshot().leases == 1)
                #expect(try await late.ask("quiz:answer", answer).code == "unavailable")
                #expect(try await host.ask("quiz:end", join).code == "unavailable")
                #expect(try await store.answers(sessionID: "test_session_1").map(\.userID) == ["user1"])
                // The new owner goes on in the middle of the question.
                let moved = try await two.student(0)
                let joined = try await moved.ask("quiz:join", join)
                #expect(joined["question"]?.number("deadline") == question.number("deadline"))
                #expect(try await moved.ask("quiz:answer", answer).isOK)
                let board = try await two.runtime.leaderboard(sessionID: "test_session_1").entries
                #expect(board.map(\.userId).sorted() == ["user0", "user1"])
                two.clock.advance(by: 60_000)
                #expect(try await moved.payload("quiz:question:closed")["answered"]?.int == 2)
            }
            #expect(!late.unread.contains { $0.name == "quiz:question:closed" })
        }
    }

    @Test("a server that looks around takes up a session that nobody runs")
    func orphan() async throws {
        try await bench(leaseMs: 3_600_000).run { two in
            let record = SessionRecord(id: "test_session_1", quizID: "quiz1", status: .active, createdBy: "instructor1", createdAt: 1)
            try await store.createSession(record)
            _ = try await store.acquireLease(.init(sessionID: record.id, owner: "gone", duration: .zero))
            try await eventually {
                two.clock.advance(by: 1_000)
                return try await store.session(id: "test_session_1")?.epoch == 2
            }
            try await eventually { two.runtime.snapshot().activeSessions == 1 }
            try await eventually { two.runtime.snapshot().sessionsTakenUp == 1 }
        }
    }

    @Test("one that knows that its lease is gone lets go before it writes")
    func lost() async throws {
        try await bench(leaseMs: 3_600_000).run { one in
            _ = try await one.host()
            let taking = StoreWrite.LeaseRequest(
                sessionID: "test_session_1", owner: "another", duration: .seconds(3_600), takesOver: true)
            _ = try await store.acquireLease(taking)
            try await eventually {
                one.clock.advance(by: 1_000)
                return one.runtime.snapshot().leasesLost == 1
            }
            try await eventually { one.runtime.snapshot().waitingSessions == 0 }
            #expect(one.runtime.snapshot().leases == 0)
        }
    }

    @Test("a server that drains gives its sessions up, and the next one has them at once")
    func drain() async throws {
        try await bench(leaseMs: 3_600_000).run { one in try await one.start(try await one.host()) }
        try await bench(leaseMs: 3_600_000).restart { two in
            let player = try await two.player(0)
            #expect(try await player.ask("quiz:leave").isOK)
            #expect(try await store.session(id: "test_session_1")?.epoch == 2)
        }
    }

    @Test("where one server has the database for itself, the next start takes all over")
    func alone() async throws {
        let own = StoreDouble()
        try await ClassroomBench(store: own) { $0.leaseDurationMs = 3_600_000 }.run { one in
            let host = try await one.host()
            try await one.start(host)
            try await ClassroomBench(store: own).restart { two in
                let player = try await two.player(0)
                #expect(try await player.ask("quiz:leave").isOK)
                #expect(try await host.ask("quiz:lock", #"{"sessionId": "test_session_1", "locked": true}"#).isOK)
                #expect(try await own.session(id: "test_session_1")?.epoch == 3, "each asks for it when it is asked")
            }
        }
    }

    @Test("a server that cannot write to the shared database tells nobody what it decided, until it is stored")
    func cutOff() async throws {
        try await bench(leaseMs: 3_600_000).run { classroom in
            // The clock goes on while a slow machine tells of the question.
            let host = try await classroom.host(settings: #"{"questionDurationMs": 600000}"#)
            let player = try await classroom.player(0)
            store.fail([.session])
            #expect(try await host.ask("quiz:start", join).code == "unavailable")
            classroom.clock.advance(by: 900)
            #expect(try await player.ask("quiz:answer", answer).code == "unavailable")
            #expect(!player.unread.contains { $0.name == "quiz:started" || $0.name == "quiz:question" })
            store.fail([])
            try await eventually {
                classroom.clock.advance(by: 50)
                return player.unread.contains { $0.name == "quiz:question" }
            }
            #expect(try await player.payload("quiz:started").text("sessionId") == "test_session_1")
            #expect(try await player.ask("quiz:answer", answer).isOK)
            #expect(try await store.session(id: "test_session_1")?.status == .active)
        }
    }
}
