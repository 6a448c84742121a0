public import NIOCore
import SocketIOCore
import WebSocketCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The memory, the randomness and the timer that all connections of one event loop share, so that an idle connection holds little. Make one
/// per loop, and use it on that loop only.
public final class ClientLoop {
    /// Texts up to this size are read into a reusable packet.
    static let packetCapacity = 4_096
    private static let maximumSpareBytes = 65_536

    public let eventLoop: any EventLoop
    /// A buffer for messages that do not arrive whole.
    var scratch = ByteBuffer()
    private var spare = ByteBuffer()
    private var packet: ReceivedPacket?
    private var random: any RandomNumberGenerator
    private var halfWord: UInt32?
    /// Compressors by zlib's level.
    private var compressors: [Int: SharedCompressors] = [:]
    /// Bytes of all connections since the beginning, without those of TLS and TCP.
    public internal(set) var bytesSent = 0
    public internal(set) var bytesReceived = 0
    private var timers = TimerQueue()
    /// The event loop's timer, which serves all of `timers`, and its time.
    private var alarm: Scheduled<Void>?
    private var alarmDeadline = NIODeadline.distantFuture
    private var isFiring = false

    /// - Parameter random: for WebSocket masks and keys, which must be unpredictable (RFC 6455 §10.3). A test may seed it.
    public init(_ eventLoop: any EventLoop, random: any RandomNumberGenerator = SystemEntropy()) {
        self.eventLoop = eventLoop
        self.random = random
    }

    /// The loop's time in the form that the machines take.
    var now: Duration { .nanoseconds(Int64(truncatingIfNeeded: self.eventLoop.now.uptimeNanoseconds)) }

    /// One word serves two masks.
    func nextMask() -> UInt32 {
        if let half = halfWord.take() { return half }
        let word = self.random.next()
        halfWord = UInt32(truncatingIfNeeded: word >> 32)
        return UInt32(truncatingIfNeeded: word)
    }

    func compressors(level: Int) -> SharedCompressors {
        let compressors = self.compressors[level] ?? SharedCompressors(level: level)
        self.compressors[level] = compressors
        return compressors
    }

    func nextNonce() -> (UInt64, UInt64) { (self.random.next(), self.random.next()) }

    /// An empty buffer to write frames into. Give it back with ``recycle(_:)-(ByteBuffer)``.
    func takeSpare() -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &spare)
        return buffer
    }

    func recycle(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity <= Self.maximumSpareBytes else { return }
        buffer.clear()
        spare = buffer
    }

    /// A packet that nobody else holds. Give it back with ``recycle(_:)-(ReceivedPacket)``.
    func takePacket() -> ReceivedPacket { self.packet.take() ?? ReceivedPacket(capacity: Self.packetCapacity) }

    func recycle(_ packet: consuming ReceivedPacket) {
        guard packet.capacity <= Self.packetCapacity else { return }
        self.packet = packet
    }

    // MARK: Timers

    /// Sets a timer, or moves it. A timer of the event loop's own costs several allocations, and cancelling it searches all the others.
    package func set(_ timer: LoopTimer, for deadline: NIODeadline, owner: any LoopTimerOwner) {
        if timer.owner == nil { timer.owner = owner }
        timers.set(timer, for: deadline)
        if deadline < alarmDeadline { ring(at: deadline) }
    }

    package func cancel(_ timer: LoopTimer) {
        timer.owner = nil
        timers.cancel(timer)
        guard timers.isEmpty, let alarm = self.alarm.take() else { return }
        alarm.cancel()
        alarmDeadline = .distantFuture
    }

    private func ring(at deadline: NIODeadline) {
        guard !isFiring else { return }
        alarm?.cancel()
        alarmDeadline = deadline
        // `assumeIsolated()` stops the process off the loop: this object is used on its loop only.
        alarm = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.fire() }
    }

    /// A timer that is set meanwhile comes in a later turn of the loop, even if it is due at once.
    private func fire() {
        alarm = nil
        alarmDeadline = .distantFuture
        isFiring = true
        let now = eventLoop.now
        var due: [LoopTimer] = []
        while let timer = timers.popDue(now: now) { due.append(timer) }
        // An earlier one's owner may have cancelled this one or set it again.
        for timer in due where !timer.isQueued { timer.owner.take()?.timerFired(timer) }
        isFiring = false
        if let next = timers.nextDeadline() { ring(at: next) }
    }
}

/// The system's random numbers, taken 256 bytes at a time, which is the most that one call gives: a call for every mask would cost more than all
/// else that a frame needs before it is sent.
public struct SystemEntropy: RandomNumberGenerator, Sendable {
    private static let wordsPerCall = 32
    private var words: [UInt64] = []

    public init() {}

    public mutating func next() -> UInt64 {
        if let word = words.popLast() { return word }
        var fresh = [UInt64](repeating: 0, count: Self.wordsPerCall)
        guard fresh.withUnsafeMutableBytes({ getentropy($0.baseAddress, $0.count) }) == 0 else {
            // The standard library's generator knows other ways to the system's.
            var system = SystemRandomNumberGenerator()
            return system.next()
        }
        words = fresh
        return words.removeLast()
    }
}
