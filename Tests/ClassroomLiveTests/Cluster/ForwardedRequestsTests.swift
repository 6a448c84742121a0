import Classroom
import Testing

@testable import ClassroomLive

@Suite("Requests that wait for other nodes")
struct ForwardedRequestsTests {
    private func limits(_ requests: Int = 100, bytes: Int = 1 << 20) -> ForwardingLimits {
        var limits = ForwardingLimits()
        limits.maximumRequests = requests
        limits.maximumBytes = bytes
        return limits
    }

    private func request(
        _ waiter: String, session: String = "s", node: String = "a", epoch: Int = 1, sequence: Int = 1, bytes: Int = 10,
        sentAt: UnixMilliseconds = 0, deadline: UnixMilliseconds = 1_000
    ) -> ForwardedRequests<String>.Request {
        .init(
            sessionID: session, place: SessionPlace(node: node, epoch: epoch), sequence: sequence, bytes: bytes, sentAt: sentAt,
            deadline: deadline, waiter: waiter)
    }

    @Test("who says that it does not run a session is believed for sessions that were looked for there, and causes no look-up of others")
    func disowned() {
        var state = NodeExchange.State(requests: ForwardedRequests(limits: limits()))
        let stranger = state.isDisowned("s", by: "a")
        _ = state.places.note("s", SessionPlace(node: "a", epoch: 1))
        let other = state.isDisowned("s", by: "b")
        let place = state.places["s"]
        let owner = state.isDisowned("s", by: "a")
        let again = state.isDisowned("s", by: "a")
        #expect(!stranger && !other && owner && !again)
        #expect(place?.node == "a" && state.places["s"] == nil)
    }

    @Test("an answer comes to whoever waits, once, and only from the node that was asked")
    func answer() {
        var requests = ForwardedRequests<String>(limits: limits())
        #expect(requests.begin(1, request("ann")) == true)
        #expect(requests.finish(1, by: "b") == nil)
        #expect(requests.finish(2, by: "a") == nil)
        #expect(requests.finish(1, by: "a")?.waiter == "ann")
        #expect(requests.finish(1, by: "a") == nil)
        #expect(requests.count == 0 && requests.bytes == 0)
    }

    @Test("as many requests wait as may, and not one more; an answer makes room")
    func requestLimit() {
        var requests = ForwardedRequests<String>(limits: limits(2))
        #expect(requests.begin(1, request("ann")) == true)
        #expect(requests.begin(2, request("ben")) == true)
        #expect(requests.begin(3, request("eve")) == false)
        #expect(requests.finish(1, by: "a") != nil)
        #expect(requests.begin(3, request("eve")) == true)
    }

    @Test("as many bytes wait as may, and not one more; a single request may have more")
    func byteLimit() {
        var requests = ForwardedRequests<String>(limits: limits(bytes: 20))
        #expect(requests.begin(1, request("ann", bytes: 10)) == true)
        #expect(requests.begin(2, request("ben", bytes: 10)) == true)
        #expect(requests.begin(3, request("eve", bytes: 1)) == false)
        #expect(requests.removeAll().map(\.waiter) == ["ann", "ben"])
        #expect(requests.begin(4, request("eve", bytes: 21)) == true)
        #expect(requests.bytes == 21)
    }

    @Test("a request whose time is up ends at its deadline, and not before")
    func deadline() {
        var requests = ForwardedRequests<String>(limits: limits())
        #expect(requests.nextDeadline == nil)
        #expect(requests.begin(1, request("late", deadline: 2_000)) == true)
        #expect(requests.begin(2, request("early", deadline: 1_000)) == true)
        #expect(requests.nextDeadline == 1_000)
        #expect(requests.expire(at: 999).isEmpty)
        #expect(requests.expire(at: 1_000).map(\.waiter) == ["early"])
        #expect(requests.nextDeadline == 2_000)
        #expect(requests.finish(2, by: "a") == nil)
    }

    @Test("when a session moves, those who wait for its former owners are told, and nobody else")
    func moved() {
        var requests = ForwardedRequests<String>(limits: limits())
        #expect(requests.begin(1, request("old", epoch: 1)) == true)
        #expect(requests.begin(2, request("new", node: "b", epoch: 2)) == true)
        #expect(requests.begin(3, request("other", session: "t", epoch: 1)) == true)
        #expect(requests.moved("s", epoch: 2).map(\.waiter) == ["old"])
        #expect(requests.moved("s", epoch: 2).isEmpty)
        #expect(requests.count == 2)
    }

    @Test("it knows the first message of a session without an answer, and what has waited for long")
    func waiting() {
        var requests = ForwardedRequests<String>(limits: limits())
        #expect(requests.begin(1, request("ann", sequence: 7, sentAt: 100)) == true)
        #expect(requests.begin(2, request("ben", sequence: 5, sentAt: 200)) == true)
        #expect(requests.begin(3, request("eve", session: "t", sequence: 1, sentAt: 300)) == true)
        #expect(requests.firstSequence(of: "s") == 5)
        #expect(requests.sessions(waitingSince: 99) == [])
        #expect(requests.sessions(waitingSince: 100) == ["s"])
        #expect(requests.sessions(waitingSince: 300) == ["s", "t"])
        _ = requests.finish(2, by: "a")
        #expect(requests.firstSequence(of: "s") == 7)
        _ = requests.finish(1, by: "a")
        #expect(requests.firstSequence(of: "s") == nil)
    }
}

@Suite("Places and epochs of sessions, seats of sockets")
struct SessionPlacesTests {
    @Test("a place is replaced by one of a later epoch, and never by one of an earlier or the same")
    func epochs() {
        var places = SessionPlaces(limit: 10)
        #expect(places.note("s", SessionPlace(node: "a", epoch: 2)) == true)
        #expect(places.note("s", SessionPlace(node: "b", epoch: 1)) == false)
        #expect(places.note("s", SessionPlace(node: "b", epoch: 2)) == false)
        #expect(places["s"]?.node == "a")
        #expect(places.note("s", SessionPlace(node: "b", epoch: 3)) == true)
        places.forget("s", at: SessionPlace(node: "a", epoch: 2))
        #expect(places["s"]?.node == "b")
        places.forget("s", at: SessionPlace(node: "b", epoch: 3))
        #expect(places["s"] == nil)
    }

    @Test("so many places are known, and one more takes the room of another")
    func limit() {
        var places = SessionPlaces(limit: 2)
        for name in ["a", "b", "c"] { #expect(places.note(name, SessionPlace(node: "n", epoch: 1)) == true) }
        #expect(places.count == 2)
        #expect(places["c"] != nil)
    }

    private func stage(_ session: String, _ epoch: Int, createdAt: UnixMilliseconds = 1) -> SessionStage {
        SessionStage(sessionID: session, createdAt: createdAt, epoch: epoch)
    }

    @Test("events of an epoch are admitted until one of a later epoch was; a new incarnation of the session counts from the start")
    func stages() {
        var epochs = SessionEpochs(limit: 10)
        for (epoch, isAdmitted) in [(2, true), (1, false), (2, true), (5, true), (2, false), (4, false), (5, true)] {
            #expect(epochs.admit(stage("s", epoch)) == isAdmitted)
        }
        #expect(epochs.admit(stage("t", 1)) == true)
        #expect(epochs.admit(stage("s", 1, createdAt: 2)) == true)
        #expect(epochs.admit(stage("s", 4)) == false)
    }

    @Test("so many epochs are known, and one more takes the room of the one that has been known for longest")
    func epochLimit() {
        var epochs = SessionEpochs(limit: 2)
        for name in ["a", "b"] { #expect(epochs.admit(stage(name, 2)) == true) }
        #expect(epochs.admit(stage("a", 1)) == false)
        #expect(epochs.admit(stage("c", 2)) == true)
        #expect(epochs.count == 2)
        #expect(epochs.admit(stage("b", 1)) == false)
        #expect(epochs.admit(stage("a", 1)) == true)
        #expect(epochs.count == 2)
    }

    @Test("a socket has its parts until its user leaves; another user has only what they get")
    func seats() {
        var table = SeatTable<String>()
        table.add("one", id: "1", of: "ann", as: .player, in: "s")
        table.add("one", id: "1", of: "ann", as: .host, in: "s")
        #expect(table.seats(in: "s")["1"]?.parts == [.player, .host])
        table.remove("1", of: "ben", from: "s")
        #expect(table.count(in: "s") == 1)
        table.add("one", id: "1", of: "ben", as: .observer, in: "s")
        #expect(table.seats(in: "s")["1"]?.parts == [.observer] && table.seats(in: "s")["1"]?.userID == "ben")
        table.remove("1", of: "ben", from: "s")
        #expect(table.sessionIDs.isEmpty)
        table.add("one", id: "1", of: "ann", as: .player, in: "s")
        table.drop("s")
        #expect(table.count(in: "s") == 0)
    }
}
