import CoreTestSupport
import NIOCore
import Testing
import WebSocketCore

@Suite("Extensions of frames")
struct ReservedBitTests {
    private func verdict(_ frames: [RawFrame], _ extensions: WebSocketReservedBits = .rsv1) -> (events: [WebSocketEvent], failed: Bool) {
        var decoder = WebSocketDecoder(role: .server, extensions: extensions)
        var input = buffer(frames.flatMap(\.bytes)), scratch = ByteBuffer()
        var events: [WebSocketEvent] = []
        do throws(WebSocketProtocolError) {
            while let event = try decoder.next(&input, scratch: &scratch) { events.append(event) }
            return (events, false)
        } catch {
            #expect(error.kind == .reservedBits)
            return (events, true)
        }
    }

    @Test("a message with a negotiated bit comes as it is, not judged as text")
    func negotiated() {
        let bytes: [UInt8] = [0xFF, 0x00, 0xC3]
        let result = verdict([RawFrame(rsv: 4, opcode: 1, payload: bytes), .text("plain")])
        #expect(result.events == [.extended(.text, .rsv1, buffer(bytes)), .text(buffer("plain"))])
    }

    @Test("the first frame marks the whole message")
    func fragments() {
        let result = verdict([
            RawFrame(fin: false, rsv: 4, opcode: 2, payload: [0xFF]), RawFrame(opcode: 9), RawFrame(opcode: 0, payload: [0xFE]),
            .binary([1]),
        ])
        #expect(result.events == [.ping(ByteBuffer()), .extended(.binary, .rsv1, buffer([0xFF, 0xFE])), .binary(buffer([1]))])
    }

    @Test("a negotiated bit is refused on continuations and control frames", arguments: [0, 8, 9, 10] as [UInt8])
    func misplaced(opcode: UInt8) {
        #expect(verdict([.text("a", fin: false), RawFrame(rsv: 4, opcode: opcode)]).failed)
    }

    @Test("a bit that was not negotiated is refused beside one that was", arguments: [1, 2, 3, 6, 7] as [UInt8])
    func others(bits: UInt8) {
        #expect(verdict([RawFrame(rsv: bits, opcode: 1)]).failed)
    }

    @Test("the encoder writes the bits of a message")
    func encoded() {
        var frame = ByteBuffer()
        WebSocketEncoder.write(opcode: .text, payload: buffer("a"), reservedBits: .rsv1, into: &frame)
        #expect(frame == buffer([0xC1, 1, 0x61]))
    }
}

@Suite("The header Sec-WebSocket-Extensions")
struct ExtensionHeaderTests {
    @Test("names, parameters and quoted values are read")
    func parsed() {
        #expect(
            WebSocketExtension.parse("permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\" , x-a;b = c") == [
                WebSocketExtension(
                    "permessage-deflate", parameters: [.init("client_max_window_bits"), .init("server_max_window_bits", "10")]),
                WebSocketExtension("x-a", parameters: [.init("b", "c")]),
            ])
    }

    @Test(
        "anything else is malformed",
        arguments: ["", " ", ",", "a,", "a;", "a;=b", "a;b=", "a;b=\"", "a;b=\"\"", "a;b=\"c d\"", "a b", "a;b=c d", "a;b=\"c", "ä"])
    func malformed(header: String) {
        #expect(WebSocketExtension.parse(header) == nil)
    }

    @Test("sixteen extensions and parameters are read, seventeen are not")
    func limits() {
        let names = (0..<17).map { "x\($0)" }
        #expect(WebSocketExtension.parse(names.dropLast().joined(separator: ","))?.count == 16)
        #expect(WebSocketExtension.parse(names.joined(separator: ",")) == nil)
        #expect(WebSocketExtension.parse("a;" + names.dropLast().joined(separator: ";"))?.first?.parameters.count == 16)
        #expect(WebSocketExtension.parse("a;" + names.joined(separator: ";")) == nil)
    }
}

@Suite("The negotiation of permessage-deflate")
struct PerMessageDeflateTests {
    private func header(_ text: String) throws -> [WebSocketExtension] { try #require(WebSocketExtension.parse(text)) }

    @Test("a client offers what differs from the defaults")
    func offer() {
        #expect(PerMessageDeflate().offer.description == "permessage-deflate; client_max_window_bits")
        let all = PerMessageDeflate(
            serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaximumWindowBits: 9, clientMaximumWindowBits: 10)
        #expect(
            all.offer.description
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10"
        )
    }

    @Test(
        "a server answers each parameter with one that it keeps",
        arguments: [
            ("permessage-deflate", "permessage-deflate", 15, 15),
            ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=12", 15, 12),
            ("permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=10", 15, 10),
            ("permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9", 9, 15),
            ("permessage-deflate; server_max_window_bits=7, permessage-deflate", "permessage-deflate", 15, 15),
            ("x-webkit-deflate-frame, PerMessage-Deflate", "permessage-deflate", 15, 15),
        ])
    func choice(offers: String, response: String, serverBits: Int, clientBits: Int) throws {
        let chosen = try #require(PerMessageDeflate(clientMaximumWindowBits: 12).choose(from: header(offers)))
        #expect(chosen.response.description == response)
        #expect(chosen.agreement.serverMaximumWindowBits == serverBits)
        #expect(chosen.agreement.clientMaximumWindowBits == clientBits)
    }

    @Test("context takeover is given up as soon as one end asks for it")
    func takeover() throws {
        let offers = try header("permessage-deflate; server_no_context_takeover")
        let chosen = try #require(PerMessageDeflate(clientNoContextTakeover: true).choose(from: offers))
        #expect(chosen.agreement.serverNoContextTakeover && chosen.agreement.clientNoContextTakeover)
    }

    @Test(
        "an offer with an unknown, repeated or wrong parameter is declined",
        arguments: [
            "permessage-deflate; level=9", "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=7", "permessage-deflate; client_max_window_bits=08",
            "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_max_window_bits; client_max_window_bits",
            "other",
        ])
    func declined(offers: String) throws {
        #expect(try PerMessageDeflate().choose(from: header(offers)) == nil)
    }

    @Test("a client takes a response that keeps to its offer")
    func accepted() throws {
        let offer = PerMessageDeflate(serverMaximumWindowBits: 12)
        let response = try header("permessage-deflate; server_max_window_bits=10; client_max_window_bits=9; client_no_context_takeover")[0]
        let agreement = try #require(offer.accepted(by: response))
        #expect(agreement.serverMaximumWindowBits == 10 && agreement.clientMaximumWindowBits == 9 && agreement.clientNoContextTakeover)
        #expect(agreement.reservedBits == .rsv1)
    }

    @Test(
        "a client refuses a response that does not",
        arguments: [
            "permessage-deflate", "permessage-deflate; server_max_window_bits=13", "permessage-deflate; server_max_window_bits=12",
            "permessage-deflate; server_max_window_bits=12; server_no_context_takeover; client_max_window_bits", "other",
        ])
    func refused(response: String) throws {
        let offer = PerMessageDeflate(serverNoContextTakeover: true, serverMaximumWindowBits: 12)
        #expect(offer.accepted(by: try header(response)[0]) == nil)
    }

    @Test("both ends agree, for any wishes", arguments: 0..<64)
    func bothEnds(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        func any() -> PerMessageDeflate {
            PerMessageDeflate(
                serverNoContextTakeover: Bool.random(using: &generator), clientNoContextTakeover: Bool.random(using: &generator),
                serverMaximumWindowBits: Int.random(in: 8...15, using: &generator),
                clientMaximumWindowBits: Int.random(in: 8...15, using: &generator))
        }
        let client = any(), server = any()
        let chosen = try #require(server.choose(from: try header("\(client.offer)")))
        #expect(client.accepted(by: try header("\(chosen.response)")[0]) == chosen.agreement)
    }
}
