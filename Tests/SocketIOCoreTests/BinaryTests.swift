import NIOCore
import SocketIOCore
import Testing

@Suite("Packets with attachments")
struct BinaryTests {
    @Test("attachment counts", arguments: [("50-[\"x\"]", 0), ("51-[\"x\"]", 1), ("510-[\"x\"]", 10), ("5010-[\"x\"]", 10), ("62-7[]", 2)])
    func counts(text: String, count: Int) throws {
        #expect(try packet(text).attachmentCount == count)
    }

    @Test(
        "attachment counts that close the connection",
        arguments: [
            ("511-[\"x\"]", .tooManyAttachments), ("51000000000-[\"x\"]", .tooManyAttachments),
            ("5\(String(repeating: "9", count: 100))-[\"x\"]", .tooManyAttachments), ("5[\"x\"]", .invalidAttachmentCount),
            ("51[\"x\"]", .invalidAttachmentCount),
            ("5-[\"x\"]", .invalidAttachmentCount), ("5-1-[\"x\"]", .invalidAttachmentCount), ("51.5-[\"x\"]", .invalidAttachmentCount),
            ("5", .invalidAttachmentCount),
            ("51", .invalidAttachmentCount), ("5 1-[\"x\"]", .invalidAttachmentCount), ("51-", .invalidPayload), ("61-3", .invalidPayload),
            ("61-{}", .invalidPayload),
            ("51-[]", .invalidPayload),
        ] as [(String, SocketIOProtocolError.Kind)])
    func refusedCounts(text: String, kind: SocketIOProtocolError.Kind) {
        #expect(refusal(text) == kind)
    }

    @Test(
        "placeholders that close the connection",
        arguments: [
            #"{"_placeholder":true,"num":"0"}"#, #"{"_placeholder":true,"num":-1}"#, #"{"_placeholder":true,"num":2}"#,
            #"{"_placeholder":true,"num":0.5}"#,
            #"{"_placeholder":true,"num":1e99}"#, #"{"_placeholder":true,"num":null}"#, #"{"_placeholder":true,"num":[0]}"#,
            #"{"_placeholder":true}"#,
            #"{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}"#, #"[[{"a":{"num":9,"_placeholder":true}}]]"#,
            #"{"_placeholder" : true , "num" : 7}"#,
            #"{"_placeholder":true,"num":99999999999999999999}"#, #"{"_placeholder":true,"num":0,"num":5}"#,
        ])
    func refusedPlaceholders(argument: String) {
        #expect(refusal("52-[\"x\",\(argument)]") == .invalidPlaceholder)
        #expect(refusal("62-1[\(argument)]") == .invalidPlaceholder)
        #expect(refusal("2[\"x\",\(argument)]") == nil, "no attachments, no placeholders")
    }

    @Test(
        "what only looks like a placeholder is an object",
        arguments: [
            #"{"_placeholder":false,"num":9}"#, #"{"num":9}"#, #""_placeholder""#, #"["_placeholder",true,{"num":9}]"#,
            #"{"x":"_placeholder","num":9}"#,
            #"{"_placeholder":"true","num":9}"#, #"{"_placeholder":1}"#,
        ])
    func lookalikes(argument: String) throws {
        let packet = try packet("51-[\"x\",\(argument)]")
        #expect(Arguments(packet, attachments: [ByteBuffer(string: "a")]).binary(at: 0) == nil)
    }

    @Test("attachments are found where their placeholders stand")
    func found() throws {
        let packet = try packet(#"52-4["x",{"_placeholder":true,"num":1},{"file":{"num":0,"_placeholder":true}},7]"#)
        let first = ByteBuffer(string: "first"), second = ByteBuffer(string: "second")
        let arguments = Arguments(packet, attachments: [first, second])
        #expect(arguments.binary(at: 0) == second)
        #expect(arguments.binary(at: 1) == nil)
        #expect(arguments[1]["file"].flatMap(arguments.binary(for:)) == first)
        #expect(arguments.binary(at: 2) == nil)
        #expect(arguments.binary(at: 9) == nil)
    }

    @Test("a placeholder without its attachment is no attachment")
    func absent() throws {
        let arguments = Arguments(try packet(#"52-["x",{"_placeholder":true,"num":1}]"#), attachments: [ByteBuffer()])
        #expect(arguments.binary(at: 0) == nil)
    }

    @Test("deeply nested placeholders cost no more than the text")
    func nested() {
        let text =
            "510-[\"x\"," + String(repeating: #"{"_placeholder":true,"num":0,"a":"#, count: 100) + "1" + String(repeating: "}", count: 100)
            + "]"
        #expect(refusal(text) == .invalidPlaceholder)
    }

    @Test("a packet is complete with its last attachment")
    func reassembly() throws {
        var reassembler = BinaryReassembler()
        #expect(try complete(reassembler.receive(packet("2[\"x\"]"))) == [])
        #expect(try complete(reassembler.receive(packet("50-[\"x\"]"))) == [])
        #expect(try complete(reassembler.receive(packet("52-[\"x\"]"))) == nil)
        #expect(reassembler.isPending)
        #expect(try complete(reassembler.receive(binary: ByteBuffer(string: "a"))) == nil)
        #expect(try complete(reassembler.receive(binary: ByteBuffer(string: "b"))) == ["a", "b"])
        #expect(!reassembler.isPending)
        #expect(try complete(reassembler.receive(packet("61-2[]"))) == nil)
        #expect(try complete(reassembler.receive(binary: ByteBuffer(string: "c"))) == ["c"])
    }

    @Test("text while attachments are due closes the connection")
    func text() throws {
        var reassembler = BinaryReassembler()
        _ = try reassembler.receive(packet("51-[\"x\"]"))
        #expect(throws: SocketIOProtocolError(.textDuringReassembly)) { try reassembler.receive(packet("2[\"x\"]")) }
        #expect(!reassembler.isPending)
    }

    @Test("binary while none is due closes the connection")
    func stray() throws {
        var reassembler = BinaryReassembler()
        #expect(throws: SocketIOProtocolError(.unexpectedBinary)) { try reassembler.receive(binary: ByteBuffer()) }
        _ = try reassembler.receive(packet("51-[\"x\"]"))
        _ = try reassembler.receive(binary: ByteBuffer())
        #expect(throws: SocketIOProtocolError(.unexpectedBinary)) { try reassembler.receive(binary: ByteBuffer()) }
    }

    @Test("attachments of the limit pass, one byte more does not")
    func bytes() throws {
        var reassembler = BinaryReassembler(limits: SocketIOLimits(maximumAttachmentBytes: 10))
        _ = try reassembler.receive(packet("52-[\"x\"]"))
        _ = try reassembler.receive(binary: ByteBuffer(repeating: 0, count: 5))
        #expect(try complete(reassembler.receive(binary: ByteBuffer(repeating: 0, count: 5)))?.count == 2)
        _ = try reassembler.receive(packet("52-[\"x\"]"))
        _ = try reassembler.receive(binary: ByteBuffer(repeating: 0, count: 6))
        #expect(throws: SocketIOProtocolError(.attachmentsTooBig)) { try reassembler.receive(binary: ByteBuffer(repeating: 0, count: 5)) }
    }

    private func complete(_ outcome: BinaryReassembler.Outcome) -> [String]? {
        if case .complete(_, let attachments) = outcome { attachments.map { String(buffer: $0) } } else { nil }
    }
}
