import NIOCore
import NIOHTTP1

/// Answers that wait in memory because their client does not read: they hold back its next requests, and it must take them in time.
extension HTTPFrontHandler {
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stall.moved()
            resume(context)
        } else {
            watchStall(context)
        }
        context.fireChannelWritabilityChanged()
    }

    /// Writes the end of an answer. The time for the next request begins when it has left the memory, not before.
    func writeEnd(_ end: NIOAny, promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        unsentAnswers += 1
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        // `assumeIsolated()` stops the process off the loop: a handler is called there, and so are its futures.
        written.futureResult.assumeIsolated().whenComplete { [self] _ in answerHasGone() }
        context.write(end, promise: written)
    }

    private func answerHasGone() {
        unsentAnswers -= 1
        stall.moved()
        if unsentAnswers == 0, awaitsClient { armDeadline() }
    }

    /// An answer is written: the client has its time from now on, or from when the answer has gone out.
    func awaitClient(_ context: ChannelHandlerContext) {
        if unsentAnswers == 0 { armDeadline() } else { watchStall(context) }
    }

    private func watchStall(_ context: ChannelHandlerContext) {
        if stall.begin(waitingBytes: HTTPFrontHandler.waitingBytes(context)) { lookLater(context) }
    }

    private func lookLater(_ context: ChannelHandlerContext) {
        let time = TimeAmount(endpoint.configuration.responseStallTimeout)
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in self?.look() }
    }

    private func look() {
        guard let context else { return }
        let isWaiting = unsentAnswers > 0 || !context.channel.isWritable
        switch stall.look(waitingBytes: isWaiting ? HTTPFrontHandler.waitingBytes(context) : nil) {
        case .done: break
        case .moves: lookLater(context)
        case .stalled: closeNow(context)
        }
    }

    private static func waitingBytes(_ context: ChannelHandlerContext) -> Int {
        guard let options = context.channel.syncOptions, let count = try? options.getOption(.bufferedWritableBytes) else { return 0 }
        return count
    }
}
