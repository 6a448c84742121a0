import Logging
import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The descriptors that a process may have open. Each connection takes one, and the usual limit is meant for programs with few.
public enum DescriptorLimit {
    /// Raises the process's limit as far as the system allows. Call at the start of a program that serves.
    /// - Returns: How many descriptors it may have now; nil: the system does not say.
    @discardableResult
    public static func raise() -> Int? {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        guard limit.rlim_cur < limit.rlim_max else { return Int(clamping: limit.rlim_cur) }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        return Int(clamping: setrlimit(resource, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur)
    }

    #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let resource = RLIMIT_NOFILE
    #endif
}

/// Has a listener rest while there is no descriptor for a further connection. SwiftNIO goes on to wait for connections then, and since one
/// waits, it fails again at once: a whole core does nothing else.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private static let rest = TimeAmount.milliseconds(200)
    private static let timeBetweenLines = TimeAmount.seconds(10)
    private let logger: Logger
    private var isResting = false
    private var nextLine = NIODeadline.uptimeNanoseconds(0)

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        pause(context)
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !isResting, let options = context.channel.syncOptions else { return }
        isResting = true
        let now = context.eventLoop.now
        if now >= nextLine {
            nextLine = now + AcceptPause.timeBetweenLines
            logger.warning("no descriptor is left for further connections; raise the limit of open files")
        }
        try? options.setOption(.autoRead, value: false)
        // `assumeIsolated()` stops the process off the loop: a handler is called there only.
        context.eventLoop.assumeIsolated().scheduleTask(in: AcceptPause.rest) {
            self.isResting = false
            try? options.setOption(.autoRead, value: true)
        }
    }
}

/// Puts an ``AcceptPause`` into the pipeline of a listener, once.
final class AcceptPauseInstaller: Sendable {
    private let isInstalled = Atomic(false)

    /// - Parameter connection: the first that the listener accepted, or a later one.
    func install(above connection: any Channel, logger: Logger) {
        guard !isInstalled.load(ordering: .relaxed), let listener = connection.parent else { return }
        guard !isInstalled.exchange(true, ordering: .relaxed) else { return }
        listener.eventLoop.execute {
            try? listener.pipeline.syncOperations.addHandler(AcceptPause(logger: logger), position: .first)
        }
    }
}
