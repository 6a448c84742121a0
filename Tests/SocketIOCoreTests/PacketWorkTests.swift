import JSONCore
import NIOCore
import SocketIOCore
import Testing

@Suite("What a packet may cost")
struct PacketWorkTests {
    @Test("an argument is within its limits at n and not at n + 1")
    func limits() throws {
        let long = "\"" + String(repeating: "a", count: 98) + "\""
        for (text, index) in [("2[\"x\",\(long)]", 0), ("2[\"x\",1, \(long) ,[[[[]]]]]", 1), ("21[\"x\",1,\(long)    ,2]", 1)] {
            let arguments = Arguments(try packet(text))
            #expect(arguments.isWithin(maximumBytes: 100, maximumDepth: 0, at: index), "\(text)")
            #expect(!arguments.isWithin(maximumBytes: 99, maximumDepth: 0, at: index), "\(text)")
        }
        let deep = Arguments(try packet("2[\"x\",[{\"a\":[]}],[[[[[[]]]]]],1]"))
        #expect(deep.isWithin(maximumBytes: 100, maximumDepth: 3) && !deep.isWithin(maximumBytes: 100, maximumDepth: 2))
        #expect(deep.isWithin(maximumBytes: 100, maximumDepth: 6, at: 1) && !deep.isWithin(maximumBytes: 100, maximumDepth: 5, at: 1))
        #expect(deep.isWithin(maximumBytes: 1, maximumDepth: 0, at: 2))
        #expect(deep.isWithin(maximumBytes: 0, maximumDepth: 0, at: 3), "what is not there is null")
        let brackets = Arguments(try packet("2[\"x\",\"[[[[[[\",[[[[]]]]]"))
        #expect(brackets.isWithin(maximumBytes: 100, maximumDepth: 0), "brackets within a string are no levels")
        #expect(Arguments(try packet("31[[],[[]]]")).isWithin(maximumBytes: 4, maximumDepth: 2, at: 1))
    }

    @Test("a placeholder is one however its keys are spelled, and the last of repeated keys counts")
    func placeholders() {
        #expect(refusal(#"51-["x",{"\u005fplaceholder":true,"num":7}]"#) == .invalidPlaceholder)
        #expect(refusal(#"51-["x",{"_placeholder":true,"\u006eum":7}]"#) == .invalidPlaceholder)
        #expect(refusal(#"51-["x",{"_placeholder":true,"num":7,"num":0}]"#) == nil)
        #expect(refusal(#"51-["x",{"num":7,"_placeholder":true,"_placeholder":false}]"#) == nil)
        #expect(refusal(#"51-["x",{"num":0,"_placeholder":true,"a":{"num":7}}]"#) == nil)
        #expect(refusal(#"51-["x",{"a":{"num":0},"_placeholder":true}]"#) == .invalidPlaceholder)
        #expect(refusal(#"51-["x",{"_placeholder":true,"num":0.0}]"#) == .invalidPlaceholder)
    }

    #if DEBUG
    @Test("a packet is validated once, and its arguments are skipped")
    func receiving() throws {
        let payloads = [
            String(repeating: "[", count: 120) + Array(repeating: "[]", count: 5_000).joined(separator: ",")
                + String(repeating: "]", count: 120),
            "{" + (0..<1_000).map { "\"k\($0)\":[1]" }.joined(separator: ",") + "}",
            Array(repeating: "1", count: 5_000).joined(separator: ","),
        ]
        for payload in payloads {
            let text = "42[\"event\",\(payload)]"
            let scanned = try JSONWork.bytesScanned {
                let arguments = Arguments(try packet(String(text.dropFirst())))
                _ = arguments.isWithin(maximumBytes: 1_000, maximumDepth: 16)
            }
            #expect(scanned <= 3 * text.utf8.count)
        }
    }

    @Test("attachments ask for one more pass, whatever the placeholders hold")
    func attachments() throws {
        let filler = (0..<1_000).map { "\"k\($0)\":[1]," }.joined()
        let nested =
            (0..<10).map { "{\"_placeholder\":true,\"num\":\($0),\"a\":" }.joined() + "{\(filler)\"z\":0}"
            + String(repeating: "}", count: 10)
        let text = "510-[\"x\",\(nested)]"
        let scanned = try JSONWork.bytesScanned { _ = try packet(text) }
        #expect(scanned > text.utf8.count && scanned <= 3 * text.utf8.count)
    }
    #endif
}
