import Foundation
import LoadTesting
import Synchronization

/// The processes of `dunlin run --workers N`. Each is this command again with its number; it tells on its standard output what it measures, and
/// ends when its standard input does.
final class WorkerProcesses: Sendable {
    private enum Event: Sendable {
        case message(Int, WorkerMessage)
        case exited(Int, String)
    }

    /// Foundation's processes and pipes, kept until the run is over.
    private struct Child {
        let process: Process
        let input: Pipe
    }

    private let children = Mutex<[Child]>([])

    /// Lets every worker end its users.
    func stop() {
        self.children.withLock { children in
            for child in children { try? child.input.fileHandleForWriting.close() }
        }
    }

    /// - Parameters:
    ///   - merger: for the number of workers that are started.
    ///   - arguments: of the worker with this number.
    func run(
        _ merger: WorkerMerger, count: Int, observer: LoadRunObserver, arguments: (Int) -> [String]
    ) async throws -> RunReport {
        var merger = merger
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        for number in 0..<count { try self.start(number, arguments(number), continuation) }
        let clock = ContinuousClock()
        let start = clock.now
        func seconds() -> Double { (clock.now - start) / .seconds(1) }
        for await event in events {
            let reports: [MetricsReport]
            switch event {
            case .message(let number, let message):
                reports = merger.receive(message, from: number)
                if case .log(let text) = message { observer.log(text) }
                if case .progress = message, number == 0 { observer.progress(merger.snapshot(at: seconds(), phase: nil)) }
            case .exited(let number, let reason): reports = merger.exited(number, reason: reason, after: seconds())
            }
            for report in reports {
                observer.measured(merger.measurements, merger.catalog, merger.activeUsers)
                observer.periodEnded(report, merger.periodLength)
            }
            if merger.isDone { break }
        }
        return merger.report()
    }

    private func start(_ number: Int, _ arguments: [String], _ continuation: AsyncStream<Event>.Continuation) throws {
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = arguments
        let input = Pipe(), output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw CommandFailure(.software, "a worker process cannot be started: \(error.localizedDescription)")
        }
        // The child has its own: as long as this process holds one, the output has no end.
        try? output.fileHandleForWriting.close()
        self.children.withLock { $0.append(Child(process: process, input: input)) }
        let descriptor = output.fileHandleForReading
        // Waits in `read`, and the pipe gives whole lines in order: a thread for each of a few processes.
        Thread.detachNewThread {
            var rest = Data()
            while true {
                let data = descriptor.availableData
                if data.isEmpty { break }
                rest.append(data)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
                    rest = rest[rest.index(after: end)...]
                    if let message = WorkerMessage(line: line) { continuation.yield(.message(number, message)) }
                }
            }
            process.waitUntilExit()
            let reason = process.terminationReason == .uncaughtSignal ? "signal" : "exit status"
            continuation.yield(.exited(number, "\(reason) \(process.terminationStatus)"))
        }
    }
}
