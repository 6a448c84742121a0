import NIOHTTP1
import Testing

@testable import SocketIOServer

@Suite("Words in header fields")
struct ASCIITextTests {
    @Test("words are compared without regard to case, and nothing else matches")
    func words() {
        for word in ["upgrade", "Upgrade", "UPGRADE"] { #expect(ASCIIText.equals(word, "upgrade")) }
        for other in ["", "upgrad", "upgrades", "upgrade ", "upgrade\u{301}", "\u{FF55}pgrade", "UPGRADE\0"] {
            #expect(!ASCIIText.equals(other, "upgrade"))
        }
        // A letter's code with another bit is another character, not the letter in another case.
        #expect(!ASCIIText.equals("1\u{13}", "13"))
        #expect(!ASCIIText.equals("x[", "x{"))
    }

    @Test(
        "a list holds a word if one of its items is it, blanks left out",
        arguments: [
            (["websocket"], true), (["h2c, WebSocket"], true), ([" \twebsocket\t "], true), (["h2c", "websocket"], true),
            ([",,websocket"], true),
            ([], false), ([""], false), (["web socket"], false), (["websockets"], false), (["  ", ","], false),
        ])
    func lists(values: [String], isHeld: Bool) {
        #expect(ASCIIText.list(values, contains: "websocket") == isHeld)
    }

    @Test("an origin that no browser sends is not looked up")
    func origins() {
        let long = "http://" + String(repeating: "a", count: 506)
        let marked = "http://a\u{301}.example"
        for origin in [long, marked] { #expect(!OriginPolicy.ownAnd([origin]).allows(origin: origin, host: "x", secure: false)) }
        let longest = String(long.dropLast())
        #expect(OriginPolicy.ownAnd([longest]).allows(origin: longest, host: "x", secure: false))
        #expect(CORSPolicy(origins: .list([marked])).allowedOrigin(for: marked) == nil)
        #expect(CORSPolicy(origins: .list([longest])).allowedOrigin(for: longest) == longest)
    }
}
