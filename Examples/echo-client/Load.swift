import EngineIOCore
import NIOCore
import NIOPosix
import SocketIOClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Many clients on one event loop, through the callback-level interface: no task and no allocation per message.
struct Load {
    let clients: Int
    let seconds: Int
    let idleSeconds: Int

    func run(_ configuration: ConnectionConfiguration) async throws {
        var configuration = configuration
        configuration.address = try SocketAddress.makeAddressResolvingHost(configuration.url.host, port: configuration.url.port)
        let plan = ConnectionPlan(configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let counter = try await loop.submit { NIOLoopBound(Counter(), eventLoop: loop) }.get()
        let before = Self.memoryKiB
        let connecting = Self.cpuSeconds
        // A few at a time: a server's backlog is short.
        for start in stride(from: 0, to: clients, by: 100) {
            let end = min(start + 100, clients)
            try await loop.flatSubmit {
                let ready = loop.makePromise(of: Void.self)
                counter.value.add(end - start, plan, loop, ready)
                return ready.futureResult
            }.get()
        }
        let connectMs = (Self.cpuSeconds - connecting) * 1_000 / Double(clients)
        if idleSeconds > 0 { try await Task.sleep(for: .seconds(idleSeconds)) }
        print("memory per idle client: \((Self.memoryKiB - before) / clients) KiB, CPU per connect: \(connectMs) ms")
        let start = Self.cpuSeconds
        try await loop.submit { counter.value.begin() }.get()
        try await Task.sleep(for: .seconds(seconds))
        let trips = try await loop.submit { counter.value.end() }.get()
        let used = Self.cpuSeconds - start
        print("round trips: \(trips), CPU seconds: \(used), per CPU-second: \(Int(Double(trips) / used))")
        try await group.shutdownGracefully()
    }

    private static var usage: rusage {
        var usage = rusage()
        #if canImport(Glibc)
        getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
        getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }

    private static var cpuSeconds: Double {
        let usage = self.usage
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
    }

    /// The most that the process ever had.
    private static var memoryKiB: Int { usage.ru_maxrss }
}

/// Starts the clients and counts their round trips.
private final class Counter: SocketIOConnectionDelegate {
    private var connections: [SocketIOConnection] = []
    private var clientLoop: ClientLoop?
    private var ready: EventLoopPromise<Void>?
    private var pending = 0
    private var trips = 0
    private var isRunning = false

    func add(_ count: Int, _ plan: ConnectionPlan, _ loop: any EventLoop, _ ready: EventLoopPromise<Void>) {
        let clientLoop = self.clientLoop ?? ClientLoop(loop)
        self.clientLoop = clientLoop
        self.ready = ready
        pending = count
        for _ in 0..<count {
            let connection = SocketIOConnection(plan, on: clientLoop, delegate: self)
            connections.append(connection)
            connection.open()
        }
    }

    func begin() {
        isRunning = true
        for connection in connections { send(connection) }
    }

    func end() -> Int {
        isRunning = false
        for connection in connections { connection.close() }
        return trips
    }

    private func send(_ connection: SocketIOConnection) {
        _ = connection.emitWithAck("echo", timeout: .seconds(10)) { $0.string("0123456789012345678901234567890123456789") }
    }

    func connectionOpened(_ connection: SocketIOConnection) { connection.join() }

    func connection(_ connection: SocketIOConnection, received reception: SocketIOClientSession.Reception) {
        switch reception {
        case .joined:
            pending -= 1
            if pending == 0 { ready?.succeed() }
        case .acknowledgement:
            trips += 1
            if isRunning { send(connection) }
        default: break
        }
    }

    func connection(_ connection: SocketIOConnection, missed id: UInt64, in namespace: String) {}
    func connectionUpgraded(_ connection: SocketIOConnection) {}

    func connectionEnded(
        _ connection: SocketIOConnection, reason: EngineClientCloseReason, error: SocketIOClientError?,
        lost: [(namespace: String, lost: [UInt64])]
    ) {
        if pending > 0 { ready?.fail(error ?? .disconnected) }
    }
}
