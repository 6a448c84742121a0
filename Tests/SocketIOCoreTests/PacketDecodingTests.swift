import CoreTestSupport
import NIOCore
import SocketIOCore
import Testing

@Suite("Packets that arrive")
struct PacketDecodingTests {
    @Test("an event with an acknowledgement")
    func event() throws {
        let packet = try packet(#"212["echo","payload",{"a":1}]"#)
        #expect(packet.kind == .event)
        #expect(packet.namespace == "/")
        #expect(packet.id == 12)
        #expect(packet.eventName == "echo")
        let arguments = Arguments(packet)
        #expect(arguments.name == "echo")
        #expect(arguments.count == 2)
        #expect(arguments[0].string == "payload")
        #expect(arguments[1]["a"]?.int == 1)
        #expect(arguments[2].isNull)
        #expect(arguments[-1].isNull)
        #expect(arguments.first.string == "payload")
        #expect(arguments.all.map(\.description) == ["\"payload\"", #"{"a":1}"#])
    }

    @Test("an event of a namespace")
    func namespaced() throws {
        let packet = try packet(#"2/chat,7["x"]"#)
        #expect(packet.namespace == "/chat")
        #expect(packet.id == 7)
        #expect(Arguments(packet).count == 0)
        #expect(Arguments(packet).first.isNull)
    }

    @Test("more arguments than the index holds in place")
    func manyArguments() throws {
        let packet = try packet("2 [ \"x\" , \(((0..<50).map(String.init)).joined(separator: " , ")) ] ")
        let arguments = Arguments(packet)
        #expect(arguments.count == 50)
        #expect(arguments.all.map(\.int) == (0..<50).map { $0 })
    }

    @Test("an acknowledgement")
    func ack() throws {
        let packet = try packet("39[1,null]")
        #expect(packet.kind == .ack)
        #expect(packet.id == 9)
        #expect(Arguments(packet).count == 2)
        #expect(Arguments(packet)[0].int == 1)
        #expect(try Arguments(SocketIOPacket.decode(ByteBuffer(string: "39[]"))).count == 0)
    }

    @Test("a connect, with and without auth")
    func connect() throws {
        #expect(try packet("0").json == nil)
        #expect(try packet("0/admin").namespace == "/admin")
        #expect(try packet("0/admin,").namespace == "/admin")
        #expect(try packet(#"0{"token":"x"}"#).json?["token"]?.string == "x")
        #expect(try packet(#"0/admin,{"token":"x"}"#).json?["token"]?.string == "x")
    }

    @Test("a disconnect")
    func disconnect() throws {
        #expect(try packet("1").kind == .disconnect)
        #expect(try packet("1/admin,").namespace == "/admin")
    }

    @Test("a refused connect, from a server only")
    func connectError() throws {
        #expect(try packet(#"4{"message":"no"}"#, from: .server).json?["message"]?.string == "no")
        #expect(try packet(#"4"no""#, from: .server).json?.string == "no")
        #expect(refusal("4[]", from: .server) == .invalidPayload)
        #expect(refusal("4") == .forbiddenKind)
        #expect(refusal(#"4{"message":"no"}"#) == .forbiddenKind)
    }

    @Test("an event without a payload is tolerated, and empty", arguments: ["2", "25", "2/chat,", "2/chat,5"])
    func bare(text: String) throws {
        let packet = try packet(text)
        #expect(packet.isEmptyEvent)
        #expect(Arguments(packet).count == 0)
        #expect(Arguments(packet).name == "")
    }

    @Test("a number as a name is its text", arguments: ["1", "-1.5", "1e3", "0"])
    func numericName(name: String) throws {
        let arguments = Arguments(try packet("2[\(name),true]"))
        #expect(arguments.name == name)
        #expect(arguments.count == 1)
        #expect(arguments[0].bool == true)
    }

    @Test("a name may be escaped or empty")
    func escapedName() throws {
        #expect(try packet(#"2["caf\u00e9"]"#).eventName == "café")
        #expect(try packet(#"2[""]"#).eventName == "")
    }

    @Test(
        "packets that close the connection, and why",
        arguments: [
            ("", .emptyPacket), ("7", .unknownKind), ("9[]", .unknownKind), ("x", .unknownKind), ("/", .unknownKind), ("-1", .unknownKind),
            ("2[]", .invalidPayload), ("2{}", .invalidPayload), ("2[null]", .invalidPayload), ("2[true]", .invalidPayload),
            ("2[{}]", .invalidPayload),
            ("2[[\"x\"]]", .invalidPayload), ("2\"x\"", .invalidPayload), ("2null", .invalidPayload), ("2[1", .invalidJSON),
            ("2abc[\"x\"]", .invalidJSON), ("2[\"x\"", .invalidJSON), ("2[\"x\"]]", .invalidJSON), ("2[\"x\"][]", .invalidJSON),
            ("2[x]", .invalidJSON), ("2-1[\"x\"]", .invalidJSON),
            ("2[\"x\",]", .invalidJSON), ("2/chat[\"x\"]", nil), ("2/chat,abc", .invalidJSON), ("2,[\"x\"]", .invalidJSON),
            ("1{}", .invalidPayload), ("1[]", .invalidPayload), ("1null", .invalidPayload),
            ("0[]", .invalidPayload), ("0\"x\"", .invalidPayload), ("0null", .invalidPayload), ("0/x,true", .invalidPayload),
            ("0{", .invalidJSON),
            ("31{}", .invalidPayload), ("31null", .invalidPayload), ("31\"x\"", .invalidPayload), ("31[", .invalidJSON),
            ("218446744073709551616[\"x\"]", .invalidAckID), ("299999999999999999999999999999999[\"x\"]", .invalidAckID),
            ("218446744073709551615[\"x\"]", nil),
        ] as [(String, SocketIOProtocolError.Kind?)])
    func refused(text: String, kind: SocketIOProtocolError.Kind?) {
        #expect(refusal(text) == kind)
    }

    @Test(
        "reserved names, plain and escaped",
        arguments: ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"])
    func reserved(name: String) {
        #expect(refusal("2[\"\(name)\"]") == .reservedEventName)
        #expect(refusal("2 [ \"\(name)\" , 1 ]") == .reservedEventName)
        #expect(
            refusal("2[\"\\u00\(name.utf8.first! < 0x70 ? "6" : "7")\(String(name.utf8.first! & 0xF, radix: 16))\(name.dropFirst())\"]")
                == .reservedEventName)
        #expect(refusal("51-[\"\(name)\",{\"_placeholder\":true,\"num\":0}]") == .reservedEventName)
        #expect(refusal("2[\"\(name)x\"]") == nil)
        #expect(refusal("2[\"\(name.uppercased())\"]") == nil)
    }

    @Test("the limits at n and n + 1")
    func limits() {
        let limits = SocketIOLimits(maximumAttachments: 3, maximumDepth: 3, maximumNamespaceBytes: 5, maximumEventNameBytes: 4)
        #expect(refusal("2[\"name\",[[1]]]", limits: limits) == nil)
        #expect(refusal("2[\"names\"]", limits: limits) == .eventNameTooLong)
        #expect(refusal("2[12345]", limits: limits) == .eventNameTooLong)
        #expect(refusal("2[\"name\",[[[1]]]]", limits: limits) == .invalidJSON)
        #expect(refusal("2/abcd,[\"x\"]", limits: limits) == nil)
        #expect(refusal("2/abcde,[\"x\"]", limits: limits) == .namespaceTooLong)
        #expect(refusal("53-[\"x\"]", limits: limits) == nil)
        #expect(refusal("54-[\"x\"]", limits: limits) == .tooManyAttachments)
    }

    @Test("a deep payload is refused with its cause")
    func deep() {
        let text = "2[\"x\"," + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "]"
        #expect(throws: SocketIOProtocolError.self) { try packet(text) }
        do { _ = try packet(text) } catch { #expect(error.cause?.kind == .tooDeep) }
    }

    @Test("an argument that is kept keeps no more than its own bytes")
    func own() throws {
        let text = "2[\"x\",[1,2],\"" + String(repeating: "y", count: 100_000) + "\"]"
        let argument = Arguments(try packet(text))[0]
        #expect(argument.description == "[1,2]")
        #expect(argument.bytes.storageCapacity < 100)
    }

    @Test("all arguments are passed on as they were written", arguments: ["1", "1 , [ 2]", "", "\"a\\n\",{}", "1,2,3,4,5,6"])
    func verbatim(arguments: String) throws {
        for packet in [
            try packet("27 [ \"x\" \(arguments.isEmpty ? "" : ",")\(arguments)]"), try packet("37[\(arguments)]"),
        ] {
            #expect(written { writer in writer.array { $0.raw(Arguments(packet)) } } == "[\(arguments)]")
        }
    }

    @Test("a packet is read at its own place in a buffer")
    func place() throws {
        var buffer = ByteBuffer(string: #"42["x",5]…"#)
        buffer.moveReaderIndex(forwardBy: 1)
        let text = buffer.readSlice(length: 8)!
        #expect(Arguments(try SocketIOPacket.decode(text))[0].int == 5)
    }

    @Test("a packet cut anywhere, or with a byte changed, never traps", arguments: 0..<10)
    func fuzz(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let texts = [
            #"212["echo","payload",{"a":[1,2.5e3,null]}]"#, #"2/chat,7["caf\u00e9\ud800","x"]"#, #"0/admin,{"token":"grün"}"#,
            #"52-3["x",{"_placeholder":true,"num":0},[{"num":1,"_placeholder":true}]]"#, #"61-7[null,{"_placeholder":true,"num":0}]"#,
            "39[]", "1/a,",
        ]
        let alphabet = Array("0123456789/,-[]{}\"\\:enul_ \u{1}".utf8) + [0xFF, 0xC3]
        for _ in 0..<3_000 {
            var bytes = Array(texts.randomElement(using: &generator)!.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = alphabet.randomElement(using: &generator)!
                case 1: bytes.insert(alphabet.randomElement(using: &generator)!, at: place)
                case 2: bytes.removeLast(bytes.count - place - 1)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            guard let packet = try? SocketIOPacket.decode(ByteBuffer(bytes: bytes), from: .server) else { continue }
            let arguments = Arguments(packet, attachments: [ByteBuffer(), ByteBuffer()])
            for index in 0..<arguments.count {
                _ = arguments.binary(at: index)
                _ = arguments[index].string ?? arguments[index]["num"]?.description
                #expect(syntaxError(Array(arguments[index].bytes.readableBytesView)) == nil)
            }
        }
    }
}
