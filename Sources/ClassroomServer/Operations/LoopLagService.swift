import Metrics
import NIOCore
import PrometheusMetrics
import ServiceLifecycle

/// Measures how late the event loops are: a task that was due is timed until it runs. A handler that blocks a loop shows here.
struct LoopLagService: Service {
    let eventLoopGroup: any EventLoopGroup
    let interval: TimeAmount
    private let lag: Timer

    init(eventLoopGroup: any EventLoopGroup, interval: TimeAmount = .seconds(1), factory: PrometheusRegistry) {
        factory.describe("dunlin_loop_lag_seconds", "How late a task that was due ran on an event loop.")
        self.eventLoopGroup = eventLoopGroup
        self.interval = interval
        lag = Timer(label: "dunlin_loop_lag", factory: factory)
    }

    func run() async throws {
        let probes = eventLoopGroup.makeIterator().map { LoopLagProbe(eventLoop: $0, interval: interval, lag: lag) }
        for probe in probes { probe.start() }
        try? await gracefulShutdown()
        for probe in probes { probe.stop() }
    }
}

/// The probe of one loop.
private final class LoopLagProbe: Sendable {
    private let eventLoop: any EventLoop
    private let interval: TimeAmount
    private let lag: Timer
    private let stopped: NIOLoopBoundBox<Bool>

    init(eventLoop: any EventLoop, interval: TimeAmount, lag: Timer) {
        self.eventLoop = eventLoop
        self.interval = interval
        self.lag = lag
        stopped = .makeBoxSendingValue(false, eventLoop: eventLoop)
    }

    func start() {
        eventLoop.execute { self.schedule() }
    }

    func stop() {
        eventLoop.execute { self.stopped.value = true }
    }

    private func schedule() {
        let due = eventLoop.now + interval
        // `assumeIsolated()` stops the process off the loop: this runs on the loop it measures.
        eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            self.lag.recordNanoseconds((self.eventLoop.now - due).nanoseconds)
            if !self.stopped.value { self.schedule() }
        }
    }
}
