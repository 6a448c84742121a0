import Testing

@testable import ClassroomLive

@Suite("A socket's requests")
struct RequestQueueTests {
    final class Request: QueuedRequest {
        let name: String
        let lane: RequestLane

        init(name: String, lane: RequestLane = .exclusive) {
            self.name = name
            self.lane = lane
        }
    }

    /// Records what ran; requests named in `slow` stay pending.
    final class Bench {
        let queue: RequestQueue<Request>
        var log: [String] = []
        var slow: Set<String> = []

        init(limit: Int = 256) { queue = RequestQueue(limit: limit) }

        @discardableResult
        func submit(_ name: String, _ lane: RequestLane = .exclusive) -> Bool {
            queue.submit(Request(name: name, lane: lane)) { request in
                self.log.append(request.name)
                return self.slow.contains(request.name) ? .pending : .finished
            }
        }
    }

    @Test("a request runs at once when nothing waits")
    func immediate() {
        let bench = Bench()
        bench.submit("a")
        #expect(bench.log == ["a"])
        #expect(bench.queue.isEmpty)
    }

    @Test("requests behind one that waits run in the order of arrival")
    func order() {
        let bench = Bench()
        bench.slow = ["sign-in", "join"]
        for name in ["sign-in", "join", "answer", "leave"] { bench.submit(name) }
        #expect(bench.log == ["sign-in"])
        bench.queue.finish(.exclusive)
        #expect(bench.log == ["sign-in", "join"])
        bench.queue.finish(.exclusive)
        #expect(bench.log == ["sign-in", "join", "answer", "leave"])
        #expect(bench.queue.isEmpty)
    }

    @Test("chat messages do not hold back one another, and an exclusive request waits for all of them")
    func lanes() {
        let bench = Bench()
        bench.slow = ["m1", "m2"]
        bench.submit("m1", .concurrent)
        bench.submit("m2", .concurrent)
        bench.submit("leave")
        bench.submit("m3", .concurrent)
        #expect(bench.log == ["m1", "m2"])
        bench.queue.finish(.concurrent)
        #expect(bench.log == ["m1", "m2"])
        bench.queue.finish(.concurrent)
        #expect(bench.log == ["m1", "m2", "leave", "m3"])
    }

    @Test("the queue takes its limit and not one more, those under way included")
    func limit() {
        let bench = Bench(limit: 3)
        bench.slow = ["a"]
        #expect(bench.submit("a"))
        #expect(bench.submit("b"))
        #expect(bench.submit("c"))
        #expect(!bench.submit("d"))
        bench.queue.finish(.exclusive)
        #expect(bench.log == ["a", "b", "c"])
        #expect(bench.submit("d"))
    }

    @Test("a departure is queued whatever the limit")
    func departure() {
        let bench = Bench(limit: 1)
        bench.slow = ["a"]
        bench.submit("a")
        bench.queue.enqueue(Request(name: "gone")) { request in
            bench.log.append(request.name)
            return .finished
        }
        bench.queue.finish(.exclusive)
        #expect(bench.log == ["a", "gone"])
    }

    @Test("a waiting request that is taken out never runs")
    func removal() {
        let bench = Bench()
        bench.slow = ["a"]
        for name in ["a", "b", "c"] { bench.submit(name) }
        bench.queue.removeWaiting(Set(bench.queue.waitingRequests.filter { $0.name == "b" }.map { ObjectIdentifier($0) }))
        bench.queue.finish(.exclusive)
        #expect(bench.log == ["a", "c"])
    }

    @Test("a request that arrives while another runs waits its turn")
    func reentrancy() {
        let queue = RequestQueue<Request>(limit: 8)
        var log: [String] = []
        _ = queue.submit(Request(name: "outer")) { _ in
            _ = queue.submit(Request(name: "inner")) { _ in
                log.append("inner")
                return .finished
            }
            log.append("outer")
            return .finished
        }
        #expect(log == ["outer", "inner"])
    }
}
