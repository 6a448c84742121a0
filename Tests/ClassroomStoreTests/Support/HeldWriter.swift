import ClassroomStore
import Classroom
import Dispatch

/// Runs the body while the store's writer is held in a completion, so that whatever the body writes queues up behind it.
func withHeldWriter(_ store: any ClassroomStore, _ body: () async throws -> Void) async rethrows {
    let gate = DispatchSemaphore(value: 0)
    defer { gate.signal() }
    await withCheckedContinuation { continuation in
        store.append(.sample("the gate", room: "gate")) { _ in
            continuation.resume()
            gate.wait()
        }
    }
    try await body()
}

/// The results of completions in the order in which they ran.
struct Results<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Result<Value, ClassroomError>>
    private let continuation: AsyncStream<Result<Value, ClassroomError>>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var completion: @Sendable (Result<Value, ClassroomError>) -> Void {
        { [continuation] in continuation.yield($0) }
    }

    func first(_ count: Int) async -> [Result<Value, ClassroomError>] {
        var results: [Result<Value, ClassroomError>] = []
        var iterator = stream.makeAsyncIterator()
        while results.count < count, let result = await iterator.next() { results.append(result) }
        return results
    }
}
