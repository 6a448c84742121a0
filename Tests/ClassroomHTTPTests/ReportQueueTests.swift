import Classroom
import ClassroomLive
import ClassroomStore
import ClassroomTestSupport
import HTTPTypes
import NIOConcurrencyHelpers
import Testing

@testable import ClassroomHTTP

@Suite("Reports one at a time")
struct ReportQueueTests {
    private func queue(perUser: Int = 2, all: Int = 3) -> ReportQueue {
        var configuration = RuntimeConfiguration()
        configuration.maximumReportsPerUser = perUser
        configuration.maximumReports = all
        return ReportQueue(configuration)
    }

    @Test("reports are made one after the other, in their order")
    func order() async throws {
        let queue = queue()
        let gate = Gate()
        let record = Record()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    try await queue.make {
                        record.begin(number)
                        await gate.pass()
                        record.end()
                    }
                }
                // The next one asks when this one is made, or waits.
                if number == 0 { await gate.reached() } else { try await eventually { queue.waiting == number } }
            }
            gate.open()
            try await group.waitForAll()
        }
        #expect(record.state.order == [0, 1, 2])
        #expect(record.state.most == 1)
    }

    @Test("places are limited per user and in total, and are free again when released")
    func places() throws {
        let queue = queue()
        var ann: [Places.Place] = []
        for _ in 0..<2 { ann.append(try queue.place(for: "ann")) }
        #expect(throws: ClassroomError.self) { try queue.place(for: "ann") }
        let bob = try queue.place(for: "bob")
        #expect(throws: ClassroomError.self) { try queue.place(for: "cyd") }
        #expect(queue.count == 3)
        ann.removeLast()
        let cyd = try queue.place(for: "cyd")
        #expect(queue.count == 3)
        withExtendedLifetime((ann, bob, cyd)) {}
    }

    @Test("a report's place is held until its body has been sent")
    func body() async throws {
        let server = HTTPTestServer(runtimeConfiguration: Self.onePlace)
        try await server.store.save(Quiz(id: "quiz", title: "Quiz", questions: [], createdBy: "ann"))
        try await server.store.createSession(SessionRecord(id: "s", quizID: "quiz", createdBy: "ann", createdAt: 1))
        do {
            let unread = try await server.respond(to: "/api/v1/sessions/s/report", token: "ann")
            #expect(try await server.call(.get, "/api/v1/sessions/s/report", token: "ann").status == 503)
            #expect(try await server.read(unread).contains("\"sessionId\":\"s\""))
        }
        #expect(try await server.call(.get, "/api/v1/sessions/s/report.csv", token: "ann").status == 200)
    }

    private static var onePlace: RuntimeConfiguration {
        var configuration = RuntimeConfiguration()
        configuration.maximumReports = 1
        return configuration
    }

    private final class Record: Sendable {
        struct State {
            var order: [Int] = []
            var running = 0
            var most = 0
        }

        private let box = NIOLockedValueBox(State())
        var state: State { box.withLockedValue { $0 } }

        func begin(_ number: Int) {
            box.withLockedValue { state in
                state.order.append(number)
                state.running += 1
                state.most = max(state.most, state.running)
            }
        }

        func end() { box.withLockedValue { $0.running -= 1 } }
    }
}
