import Dispatch
import Foundation
import LoadTesting
import Synchronization

/// Ctrl-C and SIGTERM.
enum Interruption {
    /// Watches both signals. The first one calls `stop`, a second one ends the process. A signal that comes before this returns is lost.
    ///
    /// - Returns: the sources, which must be kept as long as the signals are watched.
    static func watch(_ stop: @escaping @Sendable () -> Void) async -> [any DispatchSourceSignal] {
        var sources: [any DispatchSourceSignal] = []
        let signals = SignalCount()
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if signals.isRepeated() { Terminal.end(status: 128 + number) }
                stop()
            }
            await withCheckedContinuation { continuation in
                source.setRegistrationHandler { continuation.resume() }
                source.resume()
            }
            sources.append(source)
        }
        return sources
    }
}

/// Counts signals of both kinds together: SIGTERM after Ctrl-C is a second signal too.
private final class SignalCount: Sendable {
    private let count = Mutex(0)

    func isRepeated() -> Bool {
        self.count.withLock { count in
            count += 1
            return count > 1
        }
    }
}

/// The part of a run that is under way and that a signal has to stop.
final class CurrentPart: Sendable {
    private let state = Mutex<(stop: (@Sendable () -> Void)?, isStopped: Bool)>((nil, false))

    /// - Returns: false if the run was stopped already; then the part must not begin.
    func begin(_ stop: @escaping @Sendable () -> Void) -> Bool {
        self.state.withLock { state in
            state.stop = stop
            return !state.isStopped
        }
    }

    func stop() {
        let stop = self.state.withLock { state in
            state.isStopped = true
            return state.stop
        }
        stop?()
    }
}

/// The processes of the run that is under way.
final class CurrentProcesses: Sendable {
    private let processes = Mutex<WorkerProcesses?>(nil)

    func set(_ processes: WorkerProcesses) { self.processes.withLock { $0 = processes } }
    func stop() { self.processes.withLock { $0 }?.stop() }
}
