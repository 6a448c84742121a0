import NIOCore
import SocketIOCore
public import SocketIOServer

/// A rule that every adapter keeps, whichever servers it joins. Run all of them against an adapter:
///
///     @Test("the adapter keeps the contract", arguments: AdapterContract.all)
///     func contract(_ rule: AdapterContract) async throws {
///         try await rule.check(joining: [{ MyAdapter($0, …) }, { MyAdapter($0, …) }])
///     }
public struct AdapterContract: Sendable, CustomStringConvertible {
    /// The rule, as a sentence.
    public let description: String
    private let body: @Sendable (AdapterCluster) async throws -> Void

    private init(_ description: String, _ body: @escaping @Sendable (AdapterCluster) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Checks the rule on running servers, one for each factory, which together are one cluster.
    ///
    /// - Throws: ``AdapterContractViolation``, or what a client did not get in time.
    public func check(joining factories: [AdapterFactory]) async throws {
        try await AdapterCluster.with(factories, body)
    }

    public static let all: [AdapterContract] = withoutRecovery + recovering

    /// The rules for an adapter that gives clients their session back only on the server that they left.
    public static let withoutRecovery: [AdapterContract] = choosing + changing + asking

    // MARK: Choosing

    private static let choosing = [
        AdapterContract("the members of the chosen rooms get an event once, others do not") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            try await ann.enter("r", "s")
            try await ben.enter("s")
            cluster.first.to("r", "s").emit("x", 1)
            try await cluster.expect([ann: ["x"], ben: ["x"], eve: []])
        },
        AdapterContract("everybody gets what has no room; nobody what has an empty list of rooms") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            cluster.last.emit("all")
            cluster.last.to([]).emit("none")
            cluster.last.to("nobody here").emit("none")
            cluster.last.to([]).to(eve.id).emit("one")
            try await cluster.expect([ann: ["all"], ben: ["all"], eve: ["all", "one"]], from: cluster.last)
        },
        AdapterContract("rooms and ids that are excepted are left out, whatever else leads to them") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            for one in [ann, ben, eve] { try await one.enter("r") }
            try await ben.enter("quiet")
            cluster.first.to("r", ben.id).except("quiet").emit("x")
            cluster.first.except(ann.id).except("quiet").emit("y")
            try await cluster.expect([ann: ["x"], ben: [], eve: ["x", "y"]])
        },
        AdapterContract("rooms whose names only look alike are different ones, also if both are chosen or excepted") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            try await ann.enter("caf\u{e9}")
            try await ben.enter("cafe\u{301}")
            cluster.first.to("caf\u{e9}").emit("composed")
            cluster.first.to("cafe\u{301}").emit("decomposed")
            cluster.first.to("caf\u{e9}", "cafe\u{301}").emit("both")
            cluster.first.except("caf\u{e9}", "cafe\u{301}").emit("neither")
            try await cluster.expect([ann: ["composed", "both"], ben: ["decomposed", "both"], eve: ["neither"]])
        },
        AdapterContract("all members get the events of one sender in its order") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            for one in [ann, ben, eve] { try await one.enter("r") }
            let names = (0..<100).map { "n\($0)" }
            for name in names { cluster.first.to("r").emit(name) }
            try await cluster.expect([ann: names, ben: names, eve: names])
        },
        AdapterContract("namespaces share neither rooms nor everybody") { cluster in
            let (ann, ben, _) = try await cluster.three()
            let other = try await cluster.connect(0, namespace: "/other")
            try await ann.enter("r")
            try await other.enter("r")
            cluster.first.to("r").emit("x")
            cluster.nodes[0].of("/other").to("r").emit("y")
            cluster.nodes[0].of("/other").emit("z")
            try await cluster.expect([ann: ["x"], ben: []])
            cluster.nodes[0].of("/other").emit("end")
            try await cluster.expect(other, ["y", "z"])
        },
        AdapterContract("what is local reaches the sockets of one server only") { cluster in
            let clients = try await cluster.oneOnEachServer()
            cluster.first.local.emit("x")
            cluster.first.emit("end")
            for (number, client) in clients.enumerated() { try await cluster.expect(client, number == 0 ? ["x"] : []) }
        },
        AdapterContract("arguments arrive as they were, attachments included") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            let array = #"["x",{"_placeholder":true,"num":0},"é\u0000",1.50,{"a":[null,true]}]"#
            guard let packet = EventPacket(array: try JSONSlice(array), attachments: [ByteBuffer(bytes: [0, 255, 7])]) else {
                throw AdapterContractViolation("an event's array is one")
            }
            cluster.first.adapter.broadcast(packet, to: BroadcastOptions())
            for one in [ann, ben, eve] {
                let arguments = try await one.next("x")
                try require(arguments.binary(at: 0) == ByteBuffer(bytes: [0, 255, 7]), "the attachment of \(arguments.all)")
                try require(arguments[1].string == "é\u{0}" && arguments[2].double == 1.5, "the arguments \(arguments.all)")
                try require(arguments[3]["a"]?.count == 2, "the arguments \(arguments.all)")
            }
        },
    ]

    // MARK: Changing

    private static let changing = [
        AdapterContract("sockets are made to enter and leave rooms, in order with what is sent to the rooms") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            try await ben.enter("r")
            cluster.first.to(ann.id, "r").socketsJoin("late")
            cluster.first.to("late").emit("x")
            cluster.first.to(ben.id).socketsLeave("late")
            cluster.first.to("late").emit("y")
            cluster.first.socketsJoin("late")
            cluster.first.to("late").emit("z")
            try await cluster.expect([ann: ["x", "y", "z"], ben: ["x", "z"], eve: ["z"]])
        },
        AdapterContract("sockets are ended wherever they are, and leave their rooms") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            for one in [ann, ben, eve] { try await one.enter("r") }
            cluster.first.to("r").except(eve.id).disconnectSockets()
            for one in [ann, ben] { try await one.disconnected() }
            try await eventually("the room has one member") { try await cluster.last.adapter.sockets(in: ["r"]) == [eve.id] }
            cluster.last.to("r").disconnectSockets(close: true)
            _ = try await eve.closed()
        },
        AdapterContract("a room of a server is created with its first member and deleted with its last, on whichever loops they are") {
            cluster in
            let events = Events<RoomEvent>()
            cluster.first.onRoomEvent { events.append($0) }
            var members: [TestClient] = []
            for _ in 0..<4 { members.append(try await cluster.connect(0)) }
            for member in members { try await member.enter("r") }
            try require(cluster.first.adapter.local.hasRoom("r"), "the room is there")
            for member in members { _ = try await member.call("leave", "r") }
            try require(!cluster.first.adapter.local.hasRoom("r"), "the room is gone")
            let ids = Set(members.map(\.id))
            try await eventually("all is told: \(events.all)") { events.all.count == 10 }
            try require(events.all.first == .created(room: "r") && events.all.last == .deleted(room: "r"), "\(events.all)")
            try require(Set(events.all[1...4]) == Set(ids.map { .joined(room: "r", socket: $0) }), "\(events.all)")
            try require(Set(events.all[5...8]) == Set(ids.map { .left(room: "r", socket: $0) }), "\(events.all)")
        },
    ]

    // MARK: Asking

    private static let asking = [
        AdapterContract("sockets are described with id, rooms, handshake and data, wherever they are") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            try await ann.enter("r")
            try await eve.enter("r", "s")
            let sockets = try await cluster.first.to("r", ann.id).fetchSockets()
            let rooms = Dictionary(sockets.map { ($0.id, $0.rooms) }, uniquingKeysWith: { first, _ in first })
            try require(sockets.count == 2, "two sockets, not \(sockets.count)")
            try require(rooms == [ann.id: ["r", ann.id], eve.id: ["r", "s", eve.id]], "the rooms \(rooms)")
            try require(sockets.allSatisfy { $0.handshake.query["EIO"] == "4" }, "the handshakes' queries")
            try require(
                sockets.allSatisfy { ($0.data as? String ?? ($0.data as? JSONSlice)?.string) == "data of \($0.id)" }, "the sockets' data")
            let all = try await cluster.last.fetchSockets()
            try require(Set(all.map(\.id)) == [ann.id, ben.id, eve.id], "all sockets")
            try require(try await cluster.first.to([]).fetchSockets().isEmpty, "nobody")
            all.first { $0.id == ben.id }?.emit("x")
            cluster.last.emit("end")
            try await cluster.expect(ben, ["x"])
        },
        AdapterContract("the ids of the sockets in rooms, and of all sockets, are known") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            try await ann.enter("r")
            try await ben.enter("r", "s")
            try require(try await cluster.first.adapter.sockets(in: ["r", "s"]) == [ann.id, ben.id], "the sockets of two rooms")
            try require(try await cluster.last.adapter.sockets(in: []) == [ann.id, ben.id, eve.id], "all sockets")
        },
        AdapterContract("the clients that get a broadcast are counted, and what they answer comes from all servers") { cluster in
            let (ann, ben, eve) = try await cluster.three()
            for one in [ann, ben, eve] { try await one.enter("r") }
            let (counts, answers) = (Events<Int>(), Events<BroadcastAnswer>())
            let array = try JSONSlice(#"["ask",{"_placeholder":true,"num":0}]"#)
            guard let packet = EventPacket(array: array, attachments: [ByteBuffer(bytes: [7])]) else {
                throw AdapterContractViolation("an event's array is one")
            }
            let options = BroadcastOptions(rooms: ["r"], except: [eve.id], flags: .init(timeout: .seconds(60)))
            cluster.first.adapter.broadcastWithAck(packet, to: options) {
                counts.append($0)
            } acknowledgement: {
                answers.append($0)
            }
            for (client, answer) in [(ann, "a"), (ben, "b")] {
                let question = try await client.next { $0.name == "ask" }
                try require(question.arguments.binary(at: 0) == ByteBuffer(bytes: [7]), "the attachment")
                try await client.acknowledge(question, answer, 2)
            }
            try await eventually("all is told: \(counts.all) \(answers.all)") {
                counts.all.count == cluster.nodes.count && answers.all.count == 2
            }
            try require(counts.all.reduce(0, +) == 2, "the counts \(counts.all)")
            try require(Set(answers.all.compactMap(\.value.string)) == ["a", "b"], "the answers \(answers.all)")
            try await cluster.expect([eve: []])
        },
        AdapterContract("an event for the other servers reaches each of them once, and not its sender") { cluster in
            let seen = Events<String>()
            for (number, node) in cluster.nodes.enumerated() {
                node.of("/").onServerSide("ask") { event in
                    seen.append("\(number) \(event.arguments.map(\.description))")
                    event.acknowledge(number)
                }
            }
            let others = cluster.nodes.indices.dropFirst()
            try require(try await cluster.first.adapter.serverCount() == cluster.nodes.count, "the number of servers")
            let answers = try await cluster.first.serverSideEmitWithAck("ask", 1, "two", timeout: .seconds(600))
            try require(answers.map(\.description).sorted() == others.map { "[\($0)]" }, "the answers \(answers)")
            cluster.first.serverSideEmit("ask", 2)
            try await eventually("all have heard: \(seen.all)") { seen.all.count == 2 * others.count }
            try require(
                Set(seen.all) == Set(others.flatMap { [#"\#($0) ["1", "\"two\""]"#, #"\#($0) ["2"]"#] }), "what they heard: \(seen.all)")
        },
    ]

    // MARK: Recovering

    private static let recovering = [
        AdapterContract("a session comes back once, with what was meant for it since its last event, on whichever server") { cluster in
            let ann = try await cluster.connect(0)
            try await ann.enter("r")
            let witness = try await cluster.connect(cluster.nodes.count - 1)
            try await witness.enter("s")
            cluster.first.to("r").emit("seen", 1)
            let seen = try await ann.next("seen")
            guard let offset = seen[seen.count - 1].string, seen.count == 2 else {
                throw AdapterContractViolation("no offset behind \(seen.all)")
            }
            cluster.first.adapter.persistSession(
                PersistedSession(socketID: ann.id, privateID: "secret", rooms: ["r"], data: JSONSlice(writing: "data")))
            cluster.first.to("r").emit("missed", 2)
            cluster.first.to("s").emit("for others")
            cluster.first.volatile.emit("volatile")
            cluster.first.to(ann.id).emit("missed too")
            cluster.first.except("r").emit("for others")
            cluster.first.to("s").emit("end")
            // What the last server has heard, it knows.
            var heard = ""
            while heard != "end" { heard = try await witness.next { _ in true }.name }
            let adapter = cluster.last.adapter
            let stranger = try await adapter.restoreSession("other", offset: offset)
            try require(stranger == nil, "nobody's session")
            guard let restored = try await adapter.restoreSession("secret", offset: offset) else {
                throw AdapterContractViolation("the session is lost")
            }
            try require(restored.session.socketID == ann.id && restored.session.rooms.contains("r"), "\(restored.session)")
            try require((restored.session.data as? JSONSlice)?.string == "data", "the data")
            try require(restored.missed.map(\.name) == ["missed", "missed too"], "missed: \(restored.missed.map(\.name))")
            try require(restored.missed[0].arguments.count == 2 && restored.missed[0].arguments[0].int == 2, "what was missed")
            let again = try await adapter.restoreSession("secret", offset: offset)
            try require(again == nil, "a session comes back once")
        }
    ]
}

/// A rule that an adapter broke.
public struct AdapterContractViolation: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    guard condition else { throw AdapterContractViolation("not as it must be: \(what())") }
}
