import EngineIOCore
import NIOCore
import WebSocketCore

/// Frames that wait for the end of the batch, to go out with one write.
///
/// It has a method for each operation per message, so that each is one access to the connection's property: the check for exclusive access
/// costs more than appending a short frame.
struct PendingFrames {
    private var frames = ByteBuffer()
    /// `frames` is a broadcast's own buffer, shared with its other receivers.
    private var isShared = false

    var count: Int { frames.readableBytes }
    /// Memory that no other connection shares.
    var ownBytes: Int { isShared ? 0 : frames.storageCapacity }

    @inline(__always)
    private mutating func prepare(_ shard: LoopShard) {
        if frames.readableBytes == 0 { frames = shard.takeSpare() }
        isShared = false
    }

    /// Appends the frame of an Engine.IO message of a known length. Returns how many bytes wait now.
    ///
    /// - Parameter body: writes exactly that many bytes to the beginning of what it gets, and calls nobody.
    @inline(__always)
    mutating func appendMessage(byteCount: Int, _ shard: LoopShard, _ body: (UnsafeMutableRawBufferPointer) -> Void) -> Int {
        prepare(shard)
        let payload = byteCount + 1
        let header = WebSocketEncoder.headerBytes(payloadBytes: payload)
        frames.writeWithUnsafeMutableBytes(minimumWritableBytes: header + payload) { target in
            WebSocketEncoder.writeHeader(opcode: .text, payloadBytes: payload, to: target)
            target[header] = EnginePacketType.message.rawValue
            body(UnsafeMutableRawBufferPointer(rebasing: target[(header + 1)...]))
            return header + payload
        }
        return frames.readableBytes
    }

    /// Appends a frame that was written separately, because the application's code wrote it and may call the connection meanwhile. The
    /// first of a batch costs no copy.
    /// - Returns: whether the buffer was copied and may be reused.
    @inline(__always)
    mutating func append(_ frame: ByteBuffer) -> Bool {
        let isFirst = frames.readableBytes == 0
        if isFirst { frames = frame } else { frames.writeImmutableBuffer(frame) }
        isShared = false
        return !isFirst
    }

    /// Appends a frame that other connections get too. The first one of a batch costs no copy.
    mutating func append(shared frame: ByteBuffer) {
        if frames.readableBytes == 0 {
            frames = frame
            isShared = true
        } else {
            frames.writeImmutableBuffer(frame)
            isShared = false
        }
    }

    /// Takes all frames to write them.
    /// - Returns: the frames, and whether their buffer may be reused after the write.
    mutating func takeAll() -> (frames: ByteBuffer, isReusable: Bool) {
        let taken = (frames, !isShared)
        frames = ByteBuffer()
        return taken
    }

    mutating func discard() { frames = ByteBuffer() }
}
