import NIOCore
import NIOEmbedded
import Testing

@testable import SocketIOClient

@Suite("The timers of a loop's connections")
struct LoopTimerTests {
    /// Notes the names of the timers that fire.
    private final class Owner: LoopTimerOwner {
        var log: [String] = []
        private var names: [ObjectIdentifier: String] = [:]
        /// Called after a name is noted.
        var whenFired: (LoopTimer) -> Void = { _ in }

        func timer(_ name: String) -> LoopTimer {
            let timer = LoopTimer()
            names[ObjectIdentifier(timer)] = name
            return timer
        }

        func timerFired(_ timer: LoopTimer) {
            log.append(names[ObjectIdentifier(timer)] ?? "unknown")
            whenFired(timer)
        }
    }

    private func at(_ seconds: Int64) -> NIODeadline { NIODeadline.uptimeNanoseconds(0) + TimeAmount.seconds(seconds) }

    @Test("each fires once, in the order of their times")
    func order() {
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop), owner = Owner()
        loop.set(owner.timer("second"), for: at(2), owner: owner)
        loop.set(owner.timer("third"), for: at(3), owner: owner)
        loop.set(owner.timer("first"), for: at(1), owner: owner)
        eventLoop.advanceTime(to: at(2))
        #expect(owner.log == ["first", "second"])
        eventLoop.advanceTime(to: at(60))
        #expect(owner.log == ["first", "second", "third"])
    }

    @Test("those of the same time fire in the order in which they were set")
    func sameTime() {
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop), owner = Owner()
        let names = (0..<20).map { "timer \($0)" }
        for name in names { loop.set(owner.timer(name), for: at(1), owner: owner) }
        eventLoop.advanceTime(to: at(1))
        #expect(owner.log == names)
    }

    @Test("one that is moved fires once, at its last time")
    func moved() {
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop), owner = Owner()
        let later = owner.timer("later"), earlier = owner.timer("earlier"), back = owner.timer("back")
        for (timer, times) in [(later, [1, 9]), (earlier, [8, 2]), (back, [3, 7, 5])] as [(LoopTimer, [Int64])] {
            for time in times { loop.set(timer, for: at(time), owner: owner) }
        }
        eventLoop.advanceTime(to: at(1))
        #expect(owner.log.isEmpty)
        eventLoop.advanceTime(to: at(4))
        #expect(owner.log == ["earlier"])
        eventLoop.advanceTime(to: at(5))
        #expect(owner.log == ["earlier", "back"])
        eventLoop.advanceTime(to: at(8))
        #expect(owner.log == ["earlier", "back"])
        eventLoop.advanceTime(to: at(60))
        #expect(owner.log == ["earlier", "back", "later"])
    }

    @Test("one that is cancelled does not fire, and leaves nothing to the event loop")
    func cancelled() {
        // It stops the process if it goes while a task is scheduled.
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop), owner = Owner()
        let timer = owner.timer("cancelled")
        loop.set(timer, for: at(1), owner: owner)
        loop.cancel(timer)
        eventLoop.advanceTime(to: at(2))
        #expect(owner.log.isEmpty)
        loop.set(timer, for: at(3), owner: owner)
        eventLoop.advanceTime(to: at(3))
        #expect(owner.log == ["cancelled"])
        loop.set(timer, for: at(60), owner: owner)
        loop.cancel(timer)
    }

    @Test("of two that are due together the first to fire may cancel the other or move it")
    func together() {
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop), owner = Owner()
        let timers = [owner.timer("one"), owner.timer("two")]
        func others(_ timer: LoopTimer) -> [LoopTimer] { timers.filter { $0 !== timer } }
        owner.whenFired = { timer in for other in others(timer) { loop.cancel(other) } }
        for timer in timers { loop.set(timer, for: at(1), owner: owner) }
        eventLoop.advanceTime(to: at(2))
        #expect(owner.log.count == 1)

        owner.log = []
        owner.whenFired = { timer in
            owner.whenFired = { _ in }
            for other in others(timer) { loop.set(other, for: self.at(5), owner: owner) }
        }
        for timer in timers { loop.set(timer, for: at(3), owner: owner) }
        eventLoop.advanceTime(to: at(4))
        #expect(owner.log.count == 1)
        eventLoop.advanceTime(to: at(5))
        #expect(owner.log.sorted() == ["one", "two"])
    }

    @Test("one that is set again for at once lets the loop's other work come first")
    func turns() {
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop), owner = Owner()
        let timer = owner.timer("timer")
        owner.whenFired = { timer in
            owner.whenFired = { _ in }
            loop.eventLoop.assumeIsolated().execute { owner.log.append("other work") }
            loop.set(timer, for: self.at(1), owner: owner)
        }
        loop.set(timer, for: at(1), owner: owner)
        eventLoop.advanceTime(to: at(1))
        #expect(owner.log == ["timer", "other work", "timer"])
    }

    @Test("an owner is held until its timer fires or is cancelled")
    func owners() {
        let eventLoop = EmbeddedEventLoop()
        let loop = ClientLoop(eventLoop)
        weak var fired: Owner?
        weak var cancelled: Owner?
        let timer = LoopTimer()
        do {
            let first = Owner(), second = Owner()
            (fired, cancelled) = (first, second)
            loop.set(LoopTimer(), for: at(1), owner: first)
            loop.set(timer, for: at(2), owner: second)
        }
        #expect(fired != nil)
        #expect(cancelled != nil)
        loop.cancel(timer)
        #expect(cancelled == nil)
        eventLoop.advanceTime(to: at(1))
        #expect(fired == nil)
    }

    @Test("entries of cancelled and moved timers do not pile up")
    func stale() {
        var queue = TimerQueue()
        let kept = (0..<10).map { _ in LoopTimer() }
        for timer in kept { queue.set(timer, for: at(100)) }
        for number in 0..<10_000 {
            let timer = LoopTimer()
            queue.set(timer, for: at(10))
            queue.cancel(timer)
            queue.set(kept[number % 10], for: number / 10 % 2 == 0 ? at(50) : at(100))
            #expect(queue.count <= 2 * kept.count + 2 * TimerQueue.maximumStale)
        }
        for timer in kept { queue.set(timer, for: at(100)) }
        let next = queue.nextDeadline()
        #expect(next == at(100))
        #expect(queue.count == kept.count)
        for timer in kept { queue.cancel(timer) }
        #expect(queue.isEmpty)
        let none = queue.nextDeadline()
        #expect(none == nil)
        #expect(queue.count == 0)
    }
}
