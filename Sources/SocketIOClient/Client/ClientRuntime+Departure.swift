import NIOCore

/// The end of a client that leaves while events wait for their namespace.
extension ClientRuntime {
    /// Closes everything, and calls back when no channel is left.
    ///
    /// - Parameter isPatient: sends the events that wait for a namespace first, if that is possible within
    ///   ``ConnectionConfiguration/closeTimeout``.
    func close(isPatient: Bool) -> EventLoopFuture<Void> {
        guard isPatient, hasWaitingEvents else { return closeNow() }
        let eventLoop = loop.eventLoop
        let promise = eventLoop.makePromise(of: Void.self)
        let time = TimeAmount(configuration.connection.closeTimeout)
        // `assumeIsolated()` stops the process off the loop: everything here is called on it.
        let timer = eventLoop.assumeIsolated().scheduleTask(in: time) { self.depart() }
        self.departure = (promise, timer)
        return promise.futureResult
    }

    private var hasWaitingEvents: Bool { namespaces.values.contains { $0.isWanted && !$0.buffered.isEmpty } }

    /// Called when events of a namespace were sent, or have failed.
    func departIfReady() {
        if self.departure != nil, !hasWaitingEvents { depart() }
    }

    private func depart() {
        guard let departure = self.departure.take() else { return }
        departure.timer.cancel()
        closeNow().cascade(to: departure.promise)
    }
}
