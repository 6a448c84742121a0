import NIOCore
import SocketIOCore
import Testing

@testable import SocketIOClusterCore

/// Swift compares and hashes texts by their normal form: one letter with many marks takes quadratic time.
@Suite("Names and numbers in the messages of other servers")
struct ClusterBoundsTests {
    private static let longest = String(repeating: "x", count: ClusterLimits.maximumNameBytes)
    private static let escaped = String(repeating: #"\u0078"#, count: ClusterLimits.maximumNameBytes)

    private func code(_ body: () throws -> Void) -> ClusterCodingError.Code? {
        do { try body() } catch { return (error as? ClusterCodingError)?.code }
        return nil
    }

    @Test(
        "a name of 1,024 bytes is read, one of a byte more is not, wherever it stands",
        arguments: [
            #"{"type":2,"opts":{"rooms":["NAME"],"except":[]},"rooms":["r"]}"#,
            #"{"type":2,"opts":{"rooms":[],"except":["NAME"]},"rooms":["r"]}"#,
            #"{"type":2,"opts":{"rooms":[],"except":[]},"rooms":["NAME"]}"#,
            #"{"type":0,"rooms":["NAME"],"requestId":"i"}"#, #"{"type":1,"requestId":"NAME"}"#, #"{"type":1,"uid":"NAME"}"#,
        ])
    func requests(template: String) throws {
        func read(_ name: String) throws {
            _ = try ClassicRequest(decoding: ByteBuffer(string: template.replacing("NAME", with: name)))
        }
        for name in [Self.longest, Self.escaped] {
            try read(name)
            #expect(code { try read(name + "x") } == .tooLong)
        }
        #expect(code { try read("e" + String(repeating: "\u{327}\u{301}", count: 100_000)) } == .tooLong)
    }

    @Test("the same for responses, newer messages and broadcasts")
    func others() throws {
        let names: [(String, ClusterCodingError.Code?)] = [(Self.longest, nil), (Self.longest + "x", .tooLong)]
        for (name, expected) in names {
            #expect(code { _ = try ClassicResponse(decoding: ByteBuffer(string: #"{"requestId":"\#(name)"}"#)) } == expected)
            for text in [
                #"{"type":2,"uid":"\#(name)","nsp":"/"}"#, #"{"type":2,"uid":"u","nsp":"\#(name)"}"#,
                #"{"type":9,"uid":"u","nsp":"/","data":{"packet":["x"],"requestId":"\#(name)"}}"#,
            ] {
                #expect(code { _ = try ClusterMessage(decoding: ByteBuffer(string: text)) } == expected)
            }
            let payload = ClusterPayload(json: try JSONSlice(validating: ByteBuffer(string: #"["x"]"#)))
            for (sender, namespace, room) in [(name, "/", "r"), ("u", name, "r"), ("u", "/", name)] {
                let bytes = try ClassicBroadcast(
                    sender: sender, packet: ClusterPacket(payload: payload, namespace: namespace), target: ClusterTarget(rooms: [room])
                ).encoded()
                #expect(code { _ = try ClassicBroadcast(decoding: bytes) } == expected)
            }
        }
        let wire = ClassicWire(sender: "uid0xx", namespace: "/")
        let channel = "socket.io#/#" + String(repeating: "x", count: 2 * ClusterLimits.maximumNameBytes) + "#"
        #expect(code { _ = try wire.read(channel: channel, ByteBuffer(), limits: ClusterLimits(), hasRoom: { _ in true }) } == .tooLong)
    }

    @Test("a target names so many rooms, and a change of rooms so many; one more is refused")
    func counts() throws {
        func names(_ count: Int) -> String { "[" + Array(repeating: #""r""#, count: count).joined(separator: ",") + "]" }
        func target(_ count: Int) throws {
            _ = try ClassicRequest(decoding: ByteBuffer(string: #"{"type":4,"opts":{"rooms":\#(names(count)),"except":[]}}"#))
        }
        func change(_ count: Int) throws {
            _ = try ClassicRequest(decoding: ByteBuffer(string: #"{"type":3,"opts":{"rooms":[],"except":[]},"rooms":\#(names(count))}"#))
        }
        try target(ClusterLimits.maximumTargets)
        #expect(code { try target(ClusterLimits.maximumTargets + 1) } == .tooManyNames)
        try change(ClusterLimits.maximumRoomsOfChange)
        #expect(code { try change(ClusterLimits.maximumRoomsOfChange + 1) } == .tooManyNames)
    }

    @Test("a server says of at most so many clients that it has asked them")
    func clients() throws {
        func read(_ count: String) throws {
            _ = try ClassicResponse(decoding: ByteBuffer(string: #"{"type":8,"requestId":"i","clientCount":\#(count)}"#))
            let newer = #"{"type":11,"uid":"u","nsp":"/","data":{"requestId":"i","clientCount":\#(count)}}"#
            _ = try ClusterMessage(decoding: ByteBuffer(string: newer))
        }
        try read("0")
        try read("\(ClusterLimits.maximumClients)")
        for count in ["\(ClusterLimits.maximumClients + 1)", "\(Int.max)", "-1", "1.5", "1e300"] {
            #expect(code { try read(count) } == .unexpectedShape)
        }
    }
}
