import Logging
import NIOCore
import NIOPosix
import RedisClient
import RedisCore
import RedisTestSupport
import Testing

extension Logger {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension RedisClient {
    /// Waits until a try to connect has failed.
    func failure() async -> RedisError {
        while true {
            if let failure = await status().lastFailure { return failure }
            await Task.yield()
        }
    }

    /// A client that is closed at the end, whatever happens.
    @discardableResult
    static func with<Value: Sendable>(
        port: Int, _ change: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient) async throws -> Value
    ) async throws -> Value {
        var configuration = RedisConfiguration.patient(port: port)
        change(&configuration)
        let client = try RedisClient(configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: .quiet)
        client.start()
        do {
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }
}

extension RedisCommands {
    /// A command as one writes it in a terminal; "" is an empty argument. An error reply is a value here.
    func say(_ line: String) async throws -> RESPValue {
        let words = line.split(separator: " ").map { $0 == "\"\"" ? "" : String($0) }
        let replies = try await pipeline([RedisCommand(words[0], arguments: words.dropFirst().map { .text($0) })])
        switch try #require(replies.first) {
        case .success(let value): return value.inOrder
        case .failure(let error): return .error(try #require(error.reply))
        }
    }
}

extension RESPValue {
    /// The same with sets and maps in one order, because Redis keeps none.
    var inOrder: RESPValue {
        switch self {
        case .array(let elements): .array(elements.map(\.inOrder))
        case .set(let elements): .set(elements.map(\.inOrder).sorted { "\($0)" < "\($1)" })
        case .map(let pairs): .map(pairs.map { RESPPair($0.key, $0.value.inOrder) }.sorted { "\($0.key)" < "\($1.key)" })
        default: self
        }
    }

    static func texts(_ texts: String...) -> RESPValue { .array(texts.map { .text($0) }) }
    static let ok = RESPValue.simpleString("OK")
    static func failure(_ message: String) -> RESPValue { .error(RESPErrorReply(message)) }
    static let wrongType = failure("WRONGTYPE Operation against a key holding the wrong kind of value")
}
