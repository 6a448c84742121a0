import Classroom
import ClassroomStore
import ClassroomTestSupport
import SocketIOCore
import SocketIOTesting
import Testing

@testable import ClassroomLive

@Suite("Dashboard")
struct DashboardTests {
    @Test("a subscriber gets the metrics once a second, and nothing after unsubscribing")
    func subscription() async throws {
        try await ClassroomBench().run { classroom in
            let dashboard = try await classroom.connect("other_token")
            let subscribed = try await dashboard.ask(
                "dashboard:subscribe", #"{"metrics": ["active_users", "quiz_sessions", "messages_per_second", "chat_messages_per_second"]}"#
            )
            #expect(subscribed.isOK)
            #expect(subscribed.number("intervalMs") == 1_000)
            _ = try await classroom.host()
            let ann = try await classroom.student(0)
            let laptop = try await classroom.student(0)
            _ = try await classroom.connect()
            _ = try await ann.ask("chat:join", #"{"roomId": "r"}"#)
            for _ in 0..<4 { _ = try await ann.ask("chat:message", #"{"content": "hi"}"#) }
            classroom.clock.advance(by: 1_000)
            let first = try await dashboard.payload("dashboard:metrics")
            #expect(first["timestamp"] != nil)
            #expect(first["metrics"]?.number("active_users") == 3)
            #expect(first["metrics"]?.number("quiz_sessions") == 1)
            #expect(first["metrics"]?.number("chat_messages_per_second") == 4)
            #expect((first["metrics"]?.number("messages_per_second") ?? 0) >= 6)
            #expect(first["metrics"]?.count == 4)
            await laptop.disconnect()
            await ann.disconnect()
            try await eventually { classroom.runtime.snapshot().activeUsers == 2 }
            classroom.clock.advance(by: 1_000)
            let second = try await dashboard.payload("dashboard:metrics")
            #expect(second["metrics"]?.number("active_users") == 2)
            #expect(second["metrics"]?.number("chat_messages_per_second") == 0)
            #expect(try await dashboard.ask("dashboard:unsubscribe").isOK)
            classroom.clock.advance(by: 5_000)
            _ = try await dashboard.ask("quiz:leave")
            #expect(!dashboard.unread.contains { $0.name == "dashboard:metrics" })
            #expect(classroom.runtime.snapshot().dashboardSubscribers == 0)
        }
    }

    @Test("an unknown metric is an error that lists the known ones")
    func unknown() async throws {
        try await ClassroomBench().run { classroom in
            let dashboard = try await classroom.student(0)
            try await dashboard.emit("dashboard:subscribe", #"{"metrics": ["active_users", "nonsense"]}"# as JSON)
            let error = try await dashboard.payload("dashboard:error")
            #expect(error.text("code") == "invalid")
            for metric in DashboardMetric.allCases { #expect(error.text("message")?.contains(metric.rawValue) == true) }
            let nobody = try await classroom.connect()
            #expect(try await nobody.ask("dashboard:subscribe", #"{"metrics": ["players"]}"#).code == "unauthenticated")
        }
    }

    @Test("intervals are rounded up to the server's; a subscriber who goes is forgotten")
    func intervals() async throws {
        try await ClassroomBench { $0.maximumDashboardSubscribers = 1 }.run { classroom in
            let dashboard = try await classroom.student(0)
            let slow = try await dashboard.ask("dashboard:subscribe", #"{"metrics": ["players"], "intervalMs": 2500}"#)
            #expect(slow.number("intervalMs") == 3_000)
            classroom.clock.advance(by: 7_000)
            for _ in 0..<2 { _ = try await dashboard.payload("dashboard:metrics") }
            _ = try await dashboard.ask("quiz:leave")
            #expect(!dashboard.unread.contains { $0.name == "dashboard:metrics" })
            let fast = try await dashboard.ask("dashboard:subscribe", #"{"metrics": ["players"], "intervalMs": "100"}"#)
            #expect(fast.number("intervalMs") == 1_000)
            let other = try await classroom.student(1)
            #expect(try await other.ask("dashboard:subscribe", #"{"metrics": ["players"]}"#).code == "unavailable")
            await dashboard.drop()
            try await eventually { classroom.runtime.snapshot().dashboardSubscribers == 0 }
        }
    }

    @Test("sessions count as long as they have not ended, in memory or not")
    func sessions() async throws {
        try await ClassroomBench().run { classroom in
            for (id, status) in [("w", SessionStatus.waiting), ("a", .active), ("b", .active), ("e", .ended)] {
                try await classroom.store.createSession(SessionRecord(id: id, quizID: "quiz1", status: status, createdBy: "instructor1"))
            }
            let dashboard = try await classroom.connect("other_token")
            let names = #"{"metrics": ["quiz_sessions", "sessions_waiting", "sessions_active"]}"# as JSON
            #expect(try await dashboard.ask("dashboard:subscribe", names).isOK)
            classroom.clock.advance(by: 1_000)
            let metrics = try await dashboard.payload("dashboard:metrics")["metrics"]
            #expect(metrics?.number("quiz_sessions") == 3)
            #expect(metrics?.number("sessions_waiting") == 1)
            #expect(metrics?.number("sessions_active") == 2)
        }
    }

    @Test("while the database does not answer so many samples wait, in order, and further ones are left out", arguments: [3, 4, 6])
    func hangingStore(ticks: Int) async throws {
        let gate = Gate()
        try await ClassroomBench(store: StoreDouble(counting: gate)) { $0.maximumDashboardSamplesUnderWay = 3 }.run { classroom in
            let dashboard = try await classroom.student(0)
            #expect(try await dashboard.ask("dashboard:subscribe", #"{"metrics": ["players"]}"#).isOK)
            let start = Int(classroom.clock.now)
            classroom.clock.advance(by: Int64(ticks) * 1_000)
            await gate.reached()
            gate.open()
            for tick in 1...3 { #expect(try await dashboard.payload("dashboard:metrics").number("timestamp") == start + tick * 1_000) }
            classroom.clock.advance(by: 1_000)
            #expect(try await dashboard.payload("dashboard:metrics").number("timestamp") == start + (ticks + 1) * 1_000)
        }
    }

    @Test("a second without requests has no percentiles, which is not 0 ms")
    func idle() async throws {
        try await ClassroomBench().run { classroom in
            let dashboard = try await classroom.student(0)
            #expect(try await dashboard.ask("dashboard:subscribe", #"{"metrics": ["ack_p50", "ack_p99", "messages_per_second"]}"#).isOK)
            classroom.clock.advance(by: 1_000)
            _ = try await dashboard.payload("dashboard:metrics")
            classroom.clock.advance(by: 1_000)
            let metrics = try await dashboard.payload("dashboard:metrics")["metrics"]
            #expect(metrics?["ack_p50"]?.isNull == true)
            #expect(metrics?["ack_p99"]?.isNull == true)
            #expect(metrics?.number("messages_per_second") == 0)
        }
    }
}
