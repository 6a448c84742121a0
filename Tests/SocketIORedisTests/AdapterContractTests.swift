import RedisTestSupport
import SocketIOClusterCore
import SocketIORedis
import SocketIOTesting
import Testing

@Suite("The contract of adapters, over Redis")
struct RedisAdapterContractTests {
    /// Three servers in memory, two on a real server.
    private func check(_ rule: AdapterContract, _ backend: Backend, _ kind: RedisAdapterKind) async throws {
        try await withRedisClients(backend == .memory ? 3 : 2, backend) { clients in
            let configuration = RedisAdapterConfiguration.patient(kind)
            try await rule.check(joining: clients.map { RedisAdapter.factory($0, configuration: configuration, logger: .quiet) })
        }
    }

    @Test("the classic adapter keeps the contract", arguments: AdapterContract.withoutRecovery, availableBackends)
    func classic(_ rule: AdapterContract, _ backend: Backend) async throws {
        try await check(rule, backend, .classic())
    }

    @Test("the streams adapter keeps the contract, including recovery on another server", arguments: AdapterContract.all, availableBackends)
    func streams(_ rule: AdapterContract, _ backend: Backend) async throws {
        let count = backend == .memory ? 3 : 2
        try await withRedisClients(2 * count, backend) { clients in
            let factories = (0..<count).map { number in
                RedisAdapter.factory(
                    clients[number], reader: clients[count + number], configuration: .patient(.streams()), logger: .quiet)
            }
            try await rule.check(joining: factories)
        }
    }

    @Test("the sharded adapter keeps the contract", arguments: AdapterContract.withoutRecovery, availableBackends)
    func sharded(_ rule: AdapterContract, _ backend: Backend) async throws {
        try await check(rule, backend, .sharded(mode: .static))
    }
}
