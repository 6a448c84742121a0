import Testing

@testable import SocketIOServer

@Suite("Whose share a limit per address counts")
struct AddressBlockTests {
    @Test(
        "an IPv4 address counts by itself, however it is written; an IPv6 address by its first 64 bits",
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"), ("2001:db8:1:3::7", "2001:db8:1:3::/64"), ("::1", "0:0:0:0::/64"),
            ("fe80::1%eth0", "fe80:0:0:0::/64"), ("", ""), ("no:address", "no:address"),
        ])
    func blocks(address: String, block: String) {
        #expect(AddressBlock.of(address) == block)
    }

    @Test("addresses of one block share their memory and their places; what they give back is free again")
    func shares() {
        let budget = MemoryBudget(maximum: 1_000, perAddress: 100)
        for _ in 0..<2 {
            #expect(budget.keep(60, insteadOf: 0, from: "2001:db8::1"))
            #expect(!budget.keep(60, insteadOf: 0, from: "2001:db8::2"))
            #expect(budget.keep(60, insteadOf: 0, from: "2001:db8:0:1::1"))
            #expect(budget.keep(0, insteadOf: 60, from: "2001:db8::1"))
            #expect(budget.keep(0, insteadOf: 60, from: "2001:db8:0:1::1"))
        }
        #expect(budget.inUse == (0, 0))
        var configuration = SocketIOConfiguration()
        configuration.maximumPollingSessionsPerAddress = 1
        let io = SocketIO(configuration: configuration)
        for _ in 0..<2 {
            #expect(io.openSession(from: "2001:db8::1", polls: true, handshakeBytes: 0))
            #expect(!io.openSession(from: "2001:db8::2", polls: true, handshakeBytes: 0))
            io.stopsPolling(from: "2001:db8::1")
        }
        #expect(io.placesInUse.polling == 0)
    }
}
