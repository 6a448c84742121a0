import NIOCore
import RedisCore
import SocketIOClusterCore
import SocketIOCore
import Testing

@Suite("Requests between nodes, without a network")
struct ExchangeTests {
    private func answer(_ id: String) -> ClusterMessage.Body { .socketsFetched([], requestID: id) }

    @Test("a request ends with its last answer, once")
    func answers() {
        var requests = ClusterRequests(maximumRequests: 2, maximumAnswerBytes: 100)
        let hasBegun = requests.begin("a", expecting: 2)
        let outcomes = (0..<3).map { _ in requests.receive(answer("a"), bytes: 10, for: "a") }
        #expect(hasBegun)
        #expect(outcomes == [.waiting, .complete([answer("a"), answer("a")]), .unknown])
        #expect(requests.count == 0)
    }

    @Test("waiting requests are limited and have distinct ids, and there is none without a server to answer")
    func requestLimit() {
        var requests = ClusterRequests(maximumRequests: 2, maximumAnswerBytes: 100)
        let begun = [("a", 3), ("a", 1), ("z", 0), ("b", 3), ("c", 1)].map { requests.begin($0.0, expecting: $0.1) }
        #expect(begun == [true, false, false, true, false])
        requests.cancel("a")
        let hasRoom = requests.begin("c", expecting: 1)
        #expect(hasRoom)
    }

    @Test("the total length of a request's answers is limited to the byte")
    func answerLimit() {
        var requests = ClusterRequests(maximumRequests: 2, maximumAnswerBytes: 100)
        _ = requests.begin("a", expecting: 3)
        let outcomes = [100, 1, 1].map { requests.receive(answer("a"), bytes: $0, for: "a") }
        #expect(outcomes == [.waiting, .tooLarge, .unknown])
    }

    @Test("an abandoned request returns its answers so far, once")
    func cancellation() {
        var requests = ClusterRequests(maximumRequests: 2, maximumAnswerBytes: 100)
        _ = requests.begin("a", expecting: 3)
        _ = requests.receive(answer("a"), bytes: 1, for: "a")
        let (first, second) = (requests.cancel("a"), requests.cancel("a"))
        #expect(first?.received == 1 && first?.expected == 3)
        #expect(second == nil)
    }

    @Test("a fault that comes often is reported once in a while, with its count")
    func reports() {
        var report = FaultReport(interval: .seconds(10))
        let reported = [1, 2, 10, 11].map { report.note(at: .seconds($0)) }
        #expect(reported == [1, nil, nil, 3])
        #expect(report.count == 4)
    }

    @Test("a node ignores its own messages, other namespaces, and rooms without its sockets")
    func ownMessages() throws {
        let (one, other) = (ClassicWire(sender: "aaaaaa", namespace: "/"), ClassicWire(sender: "bbbbbb", namespace: "/"))
        let admin = ClassicWire(sender: "cccccc", namespace: "/admin")
        let body = ClusterMessage.Body.broadcast(
            ClusterPacket(payload: try payload(#"["x"]"#)), ClusterTarget(rooms: ["r"]), requestID: nil)
        func read(_ wire: ClassicWire, _ command: RedisCommand, hasRoom: Bool = true) throws -> ClusterInput? {
            guard case .text(let channel) = command.arguments[0], case .bytes(let bytes) = command.arguments[1] else { return nil }
            return try wire.read(channel: channel, bytes, limits: ClusterLimits()) { _ in hasRoom }
        }
        let command = try one.publication(of: body)
        #expect(try read(one, command) == nil)
        #expect(try read(admin, command) == nil)
        #expect(try read(other, command, hasRoom: false) == nil)
        let input = try #require(try read(other, command))
        guard case .message(.broadcast(let packet, let target, requestID: nil), sender: "aaaaaa") = input else {
            Issue.record("\(input)")
            return
        }
        #expect(packet.payload == (try payload(#"["x"]"#)) && target.rooms == ["r"])
        let join = try one.publication(of: .join(ClusterTarget(), rooms: ["r"]))
        #expect(try read(one, join) == nil)
        #expect(try read(other, join) == .message(.join(ClusterTarget(), rooms: ["r"]), sender: "aaaaaa"))
    }

    @Test("every message of a sharded node is read by another as it was sent, and not by itself")
    func sharded() throws {
        let (one, other) = (
            ShardedWire(sender: "0123456789abcdef", namespace: "/"), ShardedWire(sender: "fedcba9876543210", namespace: "/")
        )
        let bodies: [ClusterMessage.Body] = [
            .broadcast(ClusterPacket(payload: try payload(#"["x",1]"#)), ClusterTarget(rooms: ["r"]), requestID: nil),
            .leave(ClusterTarget(except: ["s"]), rooms: ["r"]), .disconnect(ClusterTarget(), close: true),
            .serverSideEmit(try payload(#"["x"]"#), requestID: "q"),
        ]
        for body in bodies {
            let command = try one.publication(of: body)
            guard case .text(let channel) = command.arguments[0], case .bytes(let bytes) = command.arguments[1] else { continue }
            #expect(try other.read(channel: channel, bytes, limits: ClusterLimits()) { _ in true } == .message(body, sender: one.sender))
            #expect(try one.read(channel: channel, bytes, limits: ClusterLimits()) { _ in true } == nil)
        }
    }
}
