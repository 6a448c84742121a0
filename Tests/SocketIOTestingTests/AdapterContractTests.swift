import SocketIOServer
import SocketIOTesting
import Testing

@Suite("The contract of adapters")
struct AdapterContractTests {
    @Test("the adapter of a single server keeps the contract", arguments: AdapterContract.all)
    func inMemory(_ rule: AdapterContract) async throws {
        try await rule.check(joining: [{ $0 }])
    }

    @Test("an adapter that joins three servers keeps the contract", arguments: AdapterContract.all)
    func joined(_ rule: AdapterContract) async throws {
        let bus = ServerBus()
        try await rule.check(joining: (0..<3).map { _ in { BusAdapter($0, bus) } })
    }
}
