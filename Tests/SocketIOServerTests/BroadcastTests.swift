import Foundation
import InMemoryLogging
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SocketIOCore
import Testing

@testable import SocketIOServer

@Suite("Rooms and broadcasts")
struct BroadcastTests {
    /// Peers that joined the namespace, with their sockets.
    private func members(
        _ count: Int, _ io: SocketIO, _ loop: EmbeddedEventLoop
    ) throws -> (peers: [EmbeddedPeer], sockets: [ServerSocket]) {
        var sockets: [ServerSocket] = []
        var peers: [EmbeddedPeer] = []
        for _ in 0..<count {
            let peer = try EmbeddedPeer(io, loop: loop)
            try peer.join()
            peers.append(peer)
            let known = Set(sockets.map(\.id))
            sockets += io.shard(for: loop).shard.value.main.sockets.values.filter { !known.contains($0.id) }
        }
        return (peers, sockets)
    }

    @Test("a room's members get an event once, others not at all")
    func room() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(4, io, loop)
            sockets[0].join("a")
            sockets[1].join("a")
            sockets[1].join("b")
            sockets[2].join("b")
            io.to("a", "b").emit("x", 1)
            for peer in peers[0...2] { #expect(try peer.messages() == [#"42["x",1]"#]) }
            #expect(try peers[3].messages() == [])
            io.to("a").emit("y")
            #expect(try peers[0].messages() == [#"42["y"]"#])
            #expect(try peers[2].messages() == [])
            for peer in peers { peer.finish() }
        }
    }

    @Test("rooms whose names only look alike are different ones, as in the reference")
    func alike() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(2, io, loop)
            let rooms = ["caf\u{e9}", "cafe\u{301}"]
            for (socket, room) in zip(sockets, rooms) { socket.join(room) }
            for room in rooms { io.to(room).emit("to", room) }
            for room in rooms { io.except(room).emit("except", room) }
            for (peer, (own, other)) in zip(peers, [(rooms[0], rooms[1]), (rooms[1], rooms[0])]) {
                let got = try peer.messages().map { Array($0.utf8) }
                #expect(got == ["42[\"to\",\"\(own)\"]", "42[\"except\",\"\(other)\"]"].map { Array($0.utf8) })
            }
            sockets[0].leave(rooms[1])
            io.to(rooms[0]).emit("still")
            #expect(try peers.map { try $0.messages().count } == [1, 0])
            for peer in peers { peer.finish() }
        }
    }

    @Test("to() from a socket, broadcast, except, and a socket's own id choose as the reference does")
    func choosing() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(3, io, loop)
            for socket in sockets { socket.join("r") }
            func received() throws -> [Int] { try peers.map { try $0.messages().count } }
            sockets[0].to("r").emit("x")
            #expect(try received() == [0, 1, 1])
            sockets[1].broadcast.emit("x")
            #expect(try received() == [1, 0, 1])
            io.to("r").except(sockets[2].id).emit("x")
            #expect(try received() == [1, 1, 0])
            io.except("r").emit("x")
            #expect(try received() == [0, 0, 0])
            io.to(sockets[2].id).emit("x")
            #expect(try received() == [0, 0, 1])
            io.to("nobody").emit("x")
            #expect(try received() == [0, 0, 0])
            io.emit("x")
            #expect(try received() == [1, 1, 1])
            for peer in peers { peer.finish() }
        }
    }

    @Test("a direct emit does not overtake the same handler's broadcast, nor a leave undo it")
    func order() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(1, io, loop)
            sockets[0].join("r")
            sockets[0].on("go") { request in
                io.to("r").emit("first")
                request.socket.emit("second")
                io.to("r").emit("third")
                request.socket.leave("r")
                io.to("r").emit("never")
                request.acknowledge?()
            }
            try peers[0].text(#"421["go"]"#)
            #expect(try peers[0].messages() == [#"42["first"]"#, #"42["second"]"#, #"42["third"]"#, "431[]"])
            for peer in peers { peer.finish() }
        }
    }

    @Test("all broadcasts of a loop turn reach a member with one write")
    func oneWrite() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(2, io, loop)
            for socket in sockets { socket.join("r") }
            for number in 0..<10 { io.to("r").emit("n", number) }
            loop.run()
            for peer in peers {
                #expect(try peer.channel.readOutbound(as: IOData.self)?.readableBytes == 10 * (2 + #"42["n",0]"#.utf8.count))
                #expect(try peer.channel.readOutbound(as: IOData.self) == nil)
                peer.finish()
            }
        }
    }

    @Test("leaving and disconnecting empty a room, whatever the order of members")
    func leaving() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(5, io, loop)
            for socket in sockets { socket.join("r") }
            for socket in sockets { socket.join("s") }
            sockets[1].leave("r")
            peers[0].finish()
            loop.run()
            io.to("r").emit("x")
            #expect(try peers[1...].map { try $0.messages().count } == [0, 1, 1, 1])
            sockets[4].leave("r")
            sockets[2].leave("r")
            sockets[3].leave("r")
            let shard = io.shard(for: loop).shard.value
            #expect(shard.main.rooms["r"] == nil)
            #expect(shard.main.rooms["s"]?.members.count == 4)
            #expect(sockets[1].rooms == ["s", sockets[1].id])
            for peer in peers { peer.finish() }
            loop.run()
            #expect(shard.main.rooms.isEmpty && shard.main.sockets.isEmpty && shard.sessions.isEmpty)
        }
    }

    @Test("a socket may be in as many rooms as the limit says, and not one more")
    func roomLimit() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumRoomsPerSocket = 3
        try withEmbeddedServer(configuration) { io, loop in
            let (peers, sockets) = try members(1, io, loop)
            for number in 0..<4 { sockets[0].join("r\(number)") }
            #expect(sockets[0].rooms == ["r0", "r1", "r2", sockets[0].id])
            for peer in peers { peer.finish() }
        }
    }

    @Test("a room's name may have as many bytes as the limit says, and not one more")
    func roomName() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumRoomNameBytes = 4
        try withEmbeddedServer(configuration) { io, loop in
            let (peers, sockets) = try members(1, io, loop)
            for name in ["four", "fives", "éé", "éé1"] { sockets[0].join(name) }
            #expect(sockets[0].rooms == ["four", "éé", sockets[0].id])
            for peer in peers { peer.finish() }
        }
    }

    @Test("a name that is too long for a room is not looked up: it stands for a room without members")
    func longNames() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumRoomNameBytes = 64
        let log = InMemoryLogHandler()
        try withEmbeddedServer(configuration, logger: Logger(label: "test", factory: { _ in log })) { io, loop in
            let (peers, sockets) = try members(2, io, loop)
            let adapter = io.main.adapter
            for (count, isFound) in [(64, true), (65, false)] {
                let name = String(repeating: "r", count: count)
                // Past the check of `join`, so that a look-up would find it.
                adapter.addAll([name], to: sockets[0])
                io.to(name).emit("x")
                adapter.broadcast(EventPacket("y", []), to: BroadcastOptions(rooms: [name]))
                #expect(try peers[0].messages() == (isFound ? [#"42["x"]"#, #"42["y"]"#] : []))
                adapter.broadcast(EventPacket("x", []), to: BroadcastOptions(rooms: [name, sockets[1].id]))
                #expect(try peers.map { try $0.messages().count } == [isFound ? 1 : 0, 1])
                io.except(name).emit("x")
                adapter.broadcast(EventPacket("x", []), to: BroadcastOptions(except: [name]))
                #expect(try peers.map { try $0.messages().count } == [isFound ? 0 : 2, 2])
                #expect(adapter.local.hasRoom(name) == isFound)
                adapter.addSockets(BroadcastOptions(rooms: [name]), to: ["chosen\(count)"])
                loop.run()
                #expect(sockets[0].rooms.contains("chosen\(count)") == isFound)
                sockets[0].join(name)
                #expect(log.entries.isEmpty == isFound, "a longer one is refused before it is compared")
                sockets[0].leave(name)
                #expect(sockets[0].rooms.contains(name) != isFound, "nor is it compared here")
            }
            for peer in peers { peer.finish() }
        }
    }

    @Test("a broadcast with acknowledgements to a name that is too long asks nobody")
    func longNameAsked() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(1, io, loop)
            let name = String(repeating: "r", count: io.configuration.maximumRoomNameBytes + 1)
            io.main.adapter.addAll([name], to: sockets[0])
            let counts = NIOLockedValueBox<[Int]>([])
            io.main.adapter.broadcastWithAck(
                EventPacket("x", []), to: BroadcastOptions(rooms: [name]),
                clientCount: { count in counts.withLockedValue { $0.append(count) } }, acknowledgement: { _ in })
            #expect(counts.withLockedValue { $0 } == [0])
            #expect(try peers[0].messages() == [])
            peers[0].finish()
        }
    }

    @Test("the names that a broadcast carries count as its memory, whoever it is for")
    func nameBytes() {
        func cost(_ options: BroadcastOptions) -> Int {
            LoopMailbox.Item.broadcast(
                Broadcast(packet: EncodedPacket(EventPacket("x", []), namespace: "/"), namespace: SocketIO.mainIndex, options: options)
            ).byteCount
        }
        let name = String(repeating: "r", count: 200)
        #expect(cost(BroadcastOptions(rooms: [name])) - cost(BroadcastOptions()) == 64 + 200)
        #expect(cost(BroadcastOptions(rooms: ["r"], except: [name])) - cost(BroadcastOptions(rooms: ["r"])) == 64 + 200)
        let change = SocketChange(namespace: SocketIO.mainIndex, options: BroadcastOptions(rooms: [name]), action: .leave([name]))
        #expect(change.byteCount == 256 + 2 * (64 + 200))
    }

    @Test("a client that is refused many rooms is worth one warning")
    func refusedRooms() throws {
        var configuration = SocketIOConfiguration()
        configuration.maximumRoomsPerSocket = 1
        let log = InMemoryLogHandler()
        try withEmbeddedServer(configuration, logger: Logger(label: "test", factory: { _ in log })) { io, loop in
            let (peers, sockets) = try members(2, io, loop)
            for number in 0..<5 { sockets[0].join("r\(number)") }
            sockets[0].join(String(repeating: "r", count: 1_000))
            #expect(log.entries.map(\.level) == [.warning])
            #expect(log.entries.first?.metadata["socket"] == "\(sockets[0].id)")
            sockets[1].join(String(repeating: "r", count: 1_000))
            #expect(log.entries.map(\.message) == ["a socket may not join more rooms", "a room's name is too long"])
            for peer in peers { peer.finish() }
        }
    }

    @Test("broadcasts keep their order when work between them broadcasts and emits")
    func nestedMail() throws {
        try withEmbeddedServer { io, loop in
            let (peers, sockets) = try members(1, io, loop)
            sockets[0].join("a")
            let socket = sockets[0].reference
            io.shard(for: loop).enqueue(
                .perform {
                    io.to("a").emit("second")
                    socket.emit("third")
                })
            io.to("a").emit("first")
            #expect(try peers[0].messages() == [#"42["first"]"#, #"42["second"]"#, #"42["third"]"#])
            peers[0].finish()
        }
    }
}
