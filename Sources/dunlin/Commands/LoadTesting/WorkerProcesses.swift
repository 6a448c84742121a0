import Foundation
import LoadTesting
import Synchronization

/// The processes that play a run together on this machine. Each is `dunlin worker` with an assignment as the first line of its standard input;
/// it reports on its standard output, and ends its users when its standard input ends.
final class WorkerProcesses: Sendable {
    /// Foundation's processes and pipes, kept until the run is over.
    private struct Child {
        let process: Process
        let input: Pipe
    }

    private struct State {
        var children: [Child] = []
        var running = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Lets every worker end its users.
    func stop() {
        self.state.withLock { state in
            state.isStopped = true
            for child in state.children { try? child.input.fileHandleForWriting.close() }
        }
    }

    /// Starts a process for each assignment.
    ///
    /// - Parameter finished: called once, when the last of them has ended.
    func start(
        _ assignments: [WorkerAssignment], _ events: AsyncStream<WorkerEvent>.Continuation, finished: @escaping @Sendable () -> Void = {}
    ) throws {
        guard !assignments.isEmpty else { return finished() }
        state.withLock { $0.running = assignments.count }
        // To write the assignment of a worker that has died must not end this process.
        signal(SIGPIPE, SIG_IGN)
        for assignment in assignments { try start(assignment, events, finished) }
    }

    private func start(
        _ assignment: WorkerAssignment, _ events: AsyncStream<WorkerEvent>.Continuation, _ finished: @escaping @Sendable () -> Void
    ) throws {
        let line = try JSONEncoder().encode(assignment) + Data("\n".utf8)
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = ["worker", "--assigned"]
        let input = Pipe(), output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw CommandFailure(.software, "a worker process cannot be started: \(error.localizedDescription)")
        }
        // The child has its own copy. The output ends only when this process has closed its copy.
        try? output.fileHandleForWriting.close()
        let isStopped = self.state.withLock { state in
            state.children.append(Child(process: process, input: input))
            return state.isStopped
        }
        let number = assignment.share.index
        let descriptor = output.fileHandleForReading
        // Reading blocks, so each of the few processes has a thread, which keeps its lines in order.
        Thread.detachNewThread { [self] in
            var rest = Data()
            while true {
                let data = descriptor.availableData
                if data.isEmpty { break }
                rest.append(data)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
                    rest = rest[rest.index(after: end)...]
                    if let message = WorkerMessage(line: line) { events.yield(WorkerEvent(worker: number, .told(message))) }
                }
            }
            process.waitUntilExit()
            let reason = process.terminationReason == .uncaughtSignal ? "signal" : "exit status"
            events.yield(WorkerEvent(worker: number, .ended(reason: "\(reason) \(process.terminationStatus)")))
            let isLast = self.state.withLock { state in
                state.running -= 1
                return state.running == 0
            }
            if isLast { finished() }
        }
        // If the worker ends before it has read this, that is reported when its output ends.
        try? input.fileHandleForWriting.write(contentsOf: line)
        if isStopped { try? input.fileHandleForWriting.close() }
    }
}
