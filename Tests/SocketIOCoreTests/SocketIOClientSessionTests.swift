import NIOCore
import Testing

@testable import SocketIOCore

@Suite("The client's Socket.IO machine")
struct SocketIOClientSessionTests {
    private typealias Session = SocketIOClientSession

    /// A machine behind a reference, so that an expectation may hold a step; what it writes is kept as text.
    private final class Machine {
        var session: Session
        init(_ limits: Session.Limits = .init()) { self.session = Session(limits: limits) }

        func join(_ namespace: String = "/", auth: String? = nil) throws -> String? {
            var buffer = ByteBuffer()
            return try session.join(namespace, auth: auth.map { try JSONSlice($0) }, into: &buffer) ? String(buffer: buffer) : nil
        }

        func leave(_ namespace: String = "/") -> (lost: [UInt64], text: String)? {
            var buffer = ByteBuffer()
            return session.leave(namespace, into: &buffer).map { ($0, String(buffer: buffer)) }
        }

        /// What a packet means, in short.
        func receive(_ text: String) throws -> String { describe(try session.receive(ByteBuffer(string: text))) }
        func receive(binary: [UInt8]) throws -> String { describe(try session.receive(binary: ByteBuffer(bytes: binary))) }

        private func describe(_ reception: Session.Reception) -> String {
            switch reception {
            case .event(let arguments, let namespace):
                "event \(namespace) \(arguments.name) \(arguments.all) \(arguments.attachments.map { Array($0.readableBytesView) })"
                    + (arguments.acknowledgementID.map { " id \($0)" } ?? "")
            case .acknowledgement(let id, let arguments, let namespace): "ack \(namespace) \(id) \(arguments.all)"
            case .joined(let namespace, let sid, let recovered): "joined \(namespace) \(sid) \(recovered)"
            case .refused(let namespace, let message, let data): "refused \(namespace) \(message) \(data?.description ?? "-")"
            case .left(let namespace, let lost): "left \(namespace) \(lost)"
            case .incomplete: "incomplete"
            case .ignored: "ignored"
            }
        }
    }

    private func joined(_ namespaces: String..., pid: String? = nil) throws -> Machine {
        let machine = Machine()
        for namespace in namespaces {
            _ = try machine.join(namespace)
            let prefix = namespace == "/" ? "" : "\(namespace),"
            _ = try machine.receive("0\(prefix){\"sid\":\"s\"\(pid.map { ",\"pid\":\"\($0)\"" } ?? "")}")
        }
        return machine
    }

    private func refusal(_ machine: Machine, _ text: String) -> SocketIOProtocolError.Kind? {
        do { _ = try machine.receive(text) } catch { return (error as? SocketIOProtocolError)?.kind }
        return nil
    }

    @Test("namespaces are joined each on its own, with what the application gives")
    func joining() throws {
        let machine = Machine()
        #expect(try machine.join() == "0")
        #expect(try machine.join() == nil, "it is being joined")
        #expect(try machine.join("/admin", auth: #"{"token":1}"#) == #"0/admin,{"token":1}"#)
        #expect(machine.session.state() == .joining && machine.session.sid() == nil)
        #expect(try machine.receive(#"0{"sid":"a"}"#) == "joined / a false")
        #expect(try machine.receive(#"0/admin,{"sid":"b"}"#) == "joined /admin b false")
        #expect(machine.session.sid() == "a" && machine.session.sid(of: "/admin") == "b")
        #expect(try machine.receive(#"0{"sid":"c"}"#) == "ignored")
        #expect(machine.session.sid() == "a")
    }

    @Test("a server's connect without a sid is a violation", arguments: ["0", "0{}", #"0{"sid":1}"#, #"0{"sid":""}"#])
    func sidless(text: String) throws {
        let machine = Machine()
        _ = try machine.join()
        #expect(refusal(machine, text) == .invalidPayload)
    }

    @Test("a refusal has its message and data, and the namespace may be joined again")
    func refused() throws {
        let machine = Machine()
        _ = try machine.join()
        #expect(try machine.receive(#"4{"message":"no","data":{"why":1}}"#) == #"refused / no {"why":1}"#)
        #expect(machine.session.state() == .idle)
        #expect(try machine.join() == "0")
        #expect(try machine.receive(#"4"old""#) == "refused / old -")
        #expect(try machine.receive(#"4{"message":"late"}"#) == "ignored")
    }

    @Test("events arrive by namespace; those of one that is not joined, and those that carry nothing, are ignored")
    func events() throws {
        let machine = try joined("/", "/x")
        #expect(try machine.receive(#"2["a",1,{"b":2}]"#) == #"event / a [1, {"b":2}] []"#)
        #expect(try machine.receive(#"2/x,7["a"]"#) == "event /x a [] [] id 7")
        #expect(try machine.receive(#"2/y,["a"]"#) == "ignored")
        #expect(try machine.receive("2") == "ignored")
        #expect(try machine.receive("2/x,") == "ignored")
        _ = machine.leave("/x")
        #expect(try machine.receive(#"2/x,["a"]"#) == "ignored")
    }

    @Test("each namespace counts its acknowledgements, and each is taken once")
    func acknowledgements() throws {
        let machine = try joined("/", "/x")
        let ids = [machine.session.makeID(), machine.session.makeID(), machine.session.makeID(in: "/x")]
        #expect(ids == [0, 1, 0])
        #expect(machine.session.makeID(in: "/unheard") == nil)
        #expect(try machine.receive("31[2]") == "ack / 1 [2]")
        #expect(try machine.receive("31[2]") == "ignored")
        #expect(try machine.receive("3/x,0[]") == "ack /x 0 []")
        #expect(try machine.receive("3/y,0[]") == "ignored")
        #expect(try machine.receive("30[1]") == "ack / 0 [1]")
        #expect(try machine.receive("3[1]") == "ignored", "an answer to nothing")
        _ = machine.leave("/x")
        #expect(machine.session.makeID(in: "/x") == nil)
    }

    @Test("an acknowledgement is overdue from its deadline on, and what comes late is ignored")
    func deadlines() throws {
        let machine = try joined("/", "/x")
        _ = machine.session.makeID(deadline: .seconds(9))
        _ = machine.session.makeID(deadline: .seconds(5))
        _ = machine.session.makeID()
        _ = machine.session.makeID(in: "/x", deadline: .seconds(4))
        #expect(machine.session.nextDeadline == .seconds(4))
        #expect(machine.session.takeOverdue(now: .seconds(4) - .nanoseconds(1)).isEmpty)
        let overdue = machine.session.takeOverdue(now: .seconds(5))
        #expect(overdue.map { "\($0.namespace)\($0.id)" } == ["/1", "/x0"])
        #expect(machine.session.nextDeadline == .seconds(9))
        #expect(try machine.receive("31[]") == "ignored")
        #expect(try machine.receive("32[]") == "ack / 2 []")
    }

    @Test("as many acknowledgements are pending as the limit says, and an answer makes room")
    func pendingLimit() throws {
        let machine = Machine(.init(maximumPendingAcknowledgements: 2))
        _ = try machine.join("/")
        _ = try machine.receive(#"0{"sid":"s"}"#)
        #expect([machine.session.makeID(), machine.session.makeID(), machine.session.makeID()] == [0, 1, nil])
        #expect(try machine.receive("30[]") == "ack / 0 []")
        #expect(machine.session.makeID() == 2)
        machine.session.forget(1)
        #expect(machine.session.makeID() == 3)
    }

    @Test("as many namespaces are joined as the limit says")
    func namespaceLimit() throws {
        let machine = Machine(.init(maximumNamespaces: 3))
        #expect(try ["/", "/a", "/b", "/c"].map { try machine.join($0) != nil } == [true, true, true, false])
        _ = machine.leave("/a")
        #expect(try machine.join("/a") != nil, "a name that was used is used again")
    }

    @Test("attachments follow their packet and nothing else comes between")
    func attachments() throws {
        let machine = try joined("/", "/x")
        #expect(try machine.receive(#"52-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#) == "incomplete")
        #expect(try machine.receive(binary: [1]) == "incomplete")
        #expect(
            try machine.receive(binary: [2])
                == #"event / b [{"_placeholder":true,"num":0}, {"_placeholder":true,"num":1}] [[1], [2]]"#)
        _ = machine.session.makeID(in: "/x")
        #expect(try machine.receive(#"61-/x,0[{"_placeholder":true,"num":0}]"#) == "incomplete")
        #expect(try machine.receive(binary: [3]) == #"ack /x 0 [{"_placeholder":true,"num":0}]"#)
        #expect(throws: SocketIOProtocolError(.unexpectedBinary)) { try machine.receive(binary: [4]) }
        _ = try machine.receive(#"51-["b",{"_placeholder":true,"num":0}]"#)
        #expect(refusal(machine, #"2["a"]"#) == .textDuringReassembly)
    }

    @Test("leaving and being left end what is pending")
    func leaving() throws {
        let machine = try joined("/", "/x")
        _ = machine.session.makeID()
        _ = machine.session.makeID(in: "/x")
        let left = machine.leave()
        #expect(left?.lost == [0] && left?.text == "1")
        #expect(machine.leave() == nil)
        #expect(try machine.receive("1/x,") == "left /x [0]")
        #expect(try machine.receive("1/x,") == "ignored")
        #expect(machine.session.state(of: "/x") == .idle)
    }

    @Test("a connection that ends loses what is pending and half a packet, in every namespace")
    func ended() throws {
        let machine = try joined("/", "/x")
        _ = machine.session.makeID()
        _ = machine.session.makeID(in: "/x")
        _ = try machine.receive(#"51-["b",{"_placeholder":true,"num":0}]"#)
        let lost = machine.session.connectionEnded()
        #expect(Set(lost.map { "\($0.namespace)\($0.lost)" }) == ["/[0]", "/x[0]"])
        #expect(try machine.join() == "0")
        #expect(try machine.receive(#"0{"sid":"new"}"#) == "joined / new false")
        #expect(machine.session.makeID() == 1, "a late answer of the old connection finds no call")
    }

    @Test("under recovery the next connect names the session and the last event that had an offset")
    func recovery() throws {
        let machine = try joined("/", "/x", pid: "p")
        _ = try machine.receive(#"2["a",1,"offset-1"]"#)
        _ = try machine.receive(#"2["a","offset\u002d2"]"#)
        _ = try machine.receive(#"2["a",3]"#)
        _ = try machine.receive(#"2["offset-3"]"#)
        _ = try machine.receive(#"2/x,["a","x-offset"]"#)
        _ = machine.session.connectionEnded()
        #expect(try machine.join(auth: #"{"token":"t"}"#) == #"0{"pid":"p","offset":"offset-2","token":"t"}"#)
        #expect(try machine.receive(#"2["missed","offset-4"]"#) == "incomplete", "the namespace is not joined yet")
        #expect(try machine.receive(#"2["missed","offset-5"]"#) == "incomplete")
        #expect(try machine.join("/x") == #"0/x,{"pid":"p","offset":"x-offset"}"#)
        #expect(try machine.receive(#"0{"sid":"s","pid":"p"}"#) == "joined / s true")
        let early = [machine.session.takeEarlyEvent(), machine.session.takeEarlyEvent(), machine.session.takeEarlyEvent()]
        #expect(early.map { $0?.first.string } == ["offset-4", "offset-5", nil])
        #expect(try machine.receive(#"0/x,{"sid":"t","pid":"q"}"#) == "joined /x t false")
        _ = machine.session.connectionEnded()
        #expect(try machine.join() == #"0{"pid":"p","offset":"offset-5"}"#)
        _ = machine.session.connectionEnded()
        #expect(try machine.join("/x") == #"0/x,{"pid":"q"}"#, "the offset belonged to a session that is gone")
        #expect(try machine.join(auth: #"{"pid":"mine"}"#)?.contains(#""pid":"mine""#) == true)
    }

    @Test("a session whose secret only looks like the last one's is another session")
    func alikeSecret() throws {
        let machine = try joined("/", pid: "caf\u{e9}")
        _ = machine.session.connectionEnded()
        _ = try machine.join()
        #expect(try machine.receive("0{\"sid\":\"s\",\"pid\":\"cafe\u{301}\"}") == "joined / s false")
    }

    @Test("as many events wait for the answer to a join as the limit says")
    func earlyLimit() throws {
        let machine = Machine(.init(maximumEarlyEvents: 2))
        _ = try machine.join()
        _ = try machine.receive(#"0{"sid":"s","pid":"p"}"#)
        _ = machine.session.connectionEnded()
        _ = try machine.join()
        #expect(try [machine.receive(#"2["a"]"#), machine.receive(#"2["a"]"#)] == ["incomplete", "incomplete"])
        #expect(refusal(machine, #"2["a"]"#) == .tooManyEarlyEvents)
        _ = machine.session.connectionEnded()
        #expect(machine.session.takeEarlyEvent() == nil)
    }

    @Test("thousands of events that arrive before the answer to a join come in order")
    func manyEarly() throws {
        let machine = try joined("/", pid: "p")
        _ = machine.session.connectionEnded()
        _ = try machine.join()
        let numbers = 0..<10_000
        for number in numbers { #expect(try machine.receive("2[\"a\",\(number)]") == "incomplete") }
        #expect(machine.session.takeEarlyEvent() == nil, "the namespace is not joined yet")
        #expect(try machine.receive(#"0{"sid":"s","pid":"p"}"#) == "joined / s true")
        for number in numbers { #expect(machine.session.takeEarlyEvent()?.first.int == number) }
        #expect(machine.session.takeEarlyEvent() == nil)
    }

    @Test("who leaves is not recovered, nor is an event remembered without recovery")
    func noRecovery() throws {
        let machine = try joined("/", pid: "p")
        _ = try machine.receive(#"2["a","offset"]"#)
        _ = machine.leave()
        #expect(try machine.join() == "0")
        let plain = try joined("/")
        _ = try plain.receive(#"2["a","offset"]"#)
        _ = plain.session.connectionEnded()
        #expect(try plain.join() == "0")
    }

    @Test(
        "what a client alone may not receive is a violation", arguments: ["", "7", "2{}", "2[]", #"2["connect"]"#, "3{}", "2abc[]", "1{}"])
    func violations(text: String) throws {
        #expect(refusal(try joined("/"), text) != nil)
    }

    @Test("an idle machine is small, and holds no memory of its own")
    func size() {
        #expect(MemoryLayout<SocketIOClientSession>.size <= 256)
    }
}
