import EngineIOCore
import Testing

@Suite("Session identifiers")
struct SessionIDTests {
    @Test("an identifier names its shard", arguments: [0, 1, 63, 64, 4_095])
    func shard(number: Int) {
        let sid = SessionID.make(random: (.max, 12_345), shard: number)
        #expect(sid.utf8.count == SessionID.length)
        #expect(SessionID.shard(of: sid) == number)
    }

    @Test(
        "what cannot be an identifier names no shard",
        arguments: ["", "x", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA", "é~AAAAAAAAAAAAAAAAA"]
    )
    func foreign(text: String) {
        #expect(SessionID.shard(of: text) == nil)
    }

    @Test("all random bits count")
    func randomness() {
        let one = SessionID.make(random: (1, 0), shard: 0)
        let two = SessionID.make(random: (0, 1), shard: 0)
        let high = SessionID.make(random: (0, 1 << 53), shard: 0)
        #expect(Set([one, two, high, SessionID.make(random: (1 << 53, 0), shard: 0)]).count == 4)
    }
}
