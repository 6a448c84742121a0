import SocketIOCore
import Testing

@Suite("Short event names")
struct ShortEventNameTests {
    private func isNamed(_ written: String, _ name: String) throws -> Bool {
        let packet = try packet("2[\"\(written)\"]")
        return try Arguments(packet).packet.isNamed(#require(ShortEventName(name)))
    }

    @Test("a name is equal to itself and to no name that differs in a byte", arguments: 0...ShortEventName.maximumBytes)
    func equality(count: Int) throws {
        let name = String(repeating: "n", count: count)
        #expect(try isNamed(name, name))
        #expect(try !isNamed(name + "n", name))
        for index in 0..<count {
            var other = Array(name.utf8)
            other[index] = UInt8(ascii: "m")
            #expect(try !isNamed(String(decoding: other, as: UTF8.self), name))
        }
    }

    @Test("a name of the limit is short, one byte more is not")
    func limit() {
        #expect(ShortEventName(String(repeating: "n", count: ShortEventName.maximumBytes)) != nil)
        #expect(ShortEventName(String(repeating: "n", count: ShortEventName.maximumBytes + 1)) == nil)
    }

    @Test("a name that is written with escapes is taken for nothing")
    func escapes() throws {
        #expect(try !isNamed(#"\u0061"#, "a"))
        #expect(try !isNamed(#"\u0061"#, #"\u0061"#))
    }
}
