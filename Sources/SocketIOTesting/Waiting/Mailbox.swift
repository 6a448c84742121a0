import NIOConcurrencyHelpers
import NIOCore

/// What arrived and has not been asked for, and who asks for what has not arrived.
///
/// Elements stay in their order. An element goes to the first waiter that wants it; one that nobody wants is kept.
///
/// What a waiter wants is a test's own code, and may take its time or come back here: it is asked outside of the lock. A decision counts if
/// nothing has changed meanwhile; else it is made again.
final class Mailbox<Element: Sendable>: Sendable {
    private struct Waiter {
        var id: UInt64
        var what: String
        var matches: @Sendable (Element) -> Bool
        var continuation: CheckedContinuation<Element, any Error>
        var timeout: Scheduled<Void>?
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
        var end: (any Error)?
        /// Counts the changes of what decisions are made from.
        var version: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let name: String
    private let eventLoop: any EventLoop
    private let maximumElements: Int

    /// - Parameters:
    ///   - name: what is waited for, in the words of a time-out.
    ///   - eventLoop: for time-outs.
    ///   - maximumElements: elements kept that nobody asks for; the next one ends the mailbox.
    init(_ name: String, on eventLoop: any EventLoop, maximumElements: Int = 1_000_000) {
        self.name = name
        self.eventLoop = eventLoop
        self.maximumElements = maximumElements
    }

    func deliver(_ element: Element) {
        while true {
            let (version, waiters) = state.withLockedValue { ($0.version, $0.waiters) }
            let index = waiters.firstIndex { $0.matches(element) }
            guard let waiter = give(element, to: index, ifStill: version) else { continue }
            waiter?.timeout?.cancel()
            waiter?.continuation.resume(returning: element)
            return
        }
    }

    /// Takes that waiter out, or keeps the element. nil: something has changed meanwhile.
    private func give(_ element: Element, to index: Int?, ifStill version: UInt64) -> Waiter?? {
        self.state.withLockedValue { state -> Waiter?? in
            guard state.version == version else { return nil }
            guard state.end == nil else { return .some(nil) }
            state.version += 1
            if let index { return state.waiters.remove(at: index) }
            state.elements.append(element)
            if state.elements.count > self.maximumElements { state.end = TestClientError.overflow(self.name) }
            return .some(nil)
        }
    }

    /// Nothing more will come. What is there can still be asked for.
    func finish(throwing error: any Error) {
        let waiters = self.state.withLockedValue { state -> [Waiter] in
            guard state.end == nil else { return [] }
            state.end = error
            state.version += 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.timeout?.cancel()
            waiter.continuation.resume(throwing: error)
        }
    }

    /// The values that nobody has asked for yet.
    var unread: [Element] { state.withLockedValue { $0.elements } }

    /// What somebody waits for now, in the words of a time-out.
    var waits: [String] { state.withLockedValue { $0.waiters.map(\.what) } }

    /// - Throws: ``TestClientError/timeout(_:)``, why the mailbox ended, or `CancellationError`.
    func next(
        _ what: String? = nil, timeout: Duration, where matches: @escaping @Sendable (Element) -> Bool = { _ in true }
    ) async throws -> Element {
        let what = what ?? name
        let id = self.state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let outcome = self.takeOrWait(Waiter(id: id, what: what, matches: matches, continuation: continuation)) {
                    return continuation.resume(with: outcome)
                }
                if Task.isCancelled { return self.fail(id, CancellationError()) }
                self.limit(id, to: timeout, waitingFor: what)
            }
        } onCancel: {
            self.fail(id, CancellationError())
        }
    }

    /// The value for the waiter, if it is there already; nil: it waits.
    private func takeOrWait(_ waiter: Waiter) -> Result<Element, any Error>? {
        while true {
            let (version, index) = firstMatch(waiter.matches)
            let (isDone, outcome) = self.state.withLockedValue { state -> (Bool, Result<Element, any Error>?) in
                guard state.version == version else { return (false, nil) }
                if let index {
                    state.version += 1
                    return (true, .success(state.elements.remove(at: index)))
                }
                if let end = state.end { return (true, .failure(end)) }
                state.version += 1
                state.waiters.append(waiter)
                return (true, nil)
            }
            if isDone { return outcome }
        }
    }

    /// Looks through a copy, which is gone before the elements change.
    private func firstMatch(_ matches: (Element) -> Bool) -> (version: UInt64, index: Int?) {
        let (version, elements) = state.withLockedValue { ($0.version, $0.elements) }
        return (version, elements.firstIndex(where: matches))
    }

    private func limit(_ id: UInt64, to timeout: Duration, waitingFor what: String) {
        let scheduled = eventLoop.scheduleTask(in: TimeAmount(timeout)) { self.fail(id, TestClientError.timeout(what)) }
        let isWaiting = self.state.withLockedValue { state -> Bool in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return false }
            state.waiters[index].timeout = scheduled
            return true
        }
        if !isWaiting { scheduled.cancel() }
    }

    private func fail(_ id: UInt64, _ error: any Error) {
        let waiter = self.state.withLockedValue { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            state.version += 1
            return state.waiters.remove(at: index)
        }
        waiter?.timeout?.cancel()
        waiter?.continuation.resume(throwing: error)
    }
}
