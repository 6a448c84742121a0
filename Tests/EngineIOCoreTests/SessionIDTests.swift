import EngineIOCore
import Testing

@Suite("Session identifiers")
struct SessionIDTests {
    @Test("an identifier names its shard, also when a client gives it back", arguments: [0, 1, 63, 64, 4_095])
    func shard(number: Int) throws {
        let sid = SessionID(random: (.max, 12_345), shard: number)
        #expect(sid.shard == number)
        #expect("\(sid)".utf8.count == SessionID.length)
        #expect(try #require(SessionID("\(sid)")) == sid)
    }

    @Test("each character counts", arguments: 0..<SessionID.length)
    func characters(position: Int) throws {
        let text = "ABYZabyz0189-_AZaz09"
        #expect(try #require(SessionID(text)).description == text)
        var characters = Array(text)
        characters[position] = "Q"
        let other = try #require(SessionID(String(characters)))
        #expect(other != SessionID(text) && other.description == String(characters))
    }

    @Test(
        "what cannot be an identifier is none",
        arguments: ["", "x", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA", "é~AAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAA+"]
    )
    func foreign(text: String) {
        #expect(SessionID(text) == nil)
    }

    @Test("all random bits count")
    func randomness() {
        let first: [SessionID] = (0..<48).map { SessionID(random: (UInt64(1) << $0, 0), shard: 0) }
        let second: [SessionID] = (0..<60).map { SessionID(random: (0, UInt64(1) << $0), shard: 0) }
        let bits = first + second
        #expect(Set(bits).count == 108)
        #expect(Set(bits.map(\.description)).count == 108)
    }
}
