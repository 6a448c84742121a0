package import CZlib
public import NIOCore

/// Decompresses the messages of one peer (RFC 7692 §7.2.2). One belongs to one connection and is used where that is; its memory, up to some 40 KiB,
/// is taken with the first compressed message.
public final class MessageInflater {
    private let windowBits: Int
    private let keepsContext: Bool
    private let stream: UnsafeMutablePointer<z_stream>
    private var isOpen = false
    /// Blocks of the message that have ended.
    private var blocks = 0

    /// A message may have so many blocks, and one more per ``contentBytesPerBlock``. A block's tables cost a microsecond, and a block of 13
    /// bytes may hold nothing: a megabyte of them costs as much as twenty honest ones. zlib ends a block after 128 symbols at the earliest.
    public static let maximumBlocks = 64
    public static let contentBytesPerBlock = 128

    /// - Parameters:
    ///   - windowBits: the agreed window of the peer that compresses.
    ///   - keepsContext: false when that peer compresses each message on its own.
    public init(windowBits: Int = 15, keepsContext: Bool = true) {
        precondition(PerMessageDeflate.windowBits.contains(windowBits))
        self.windowBits = windowBits
        self.keepsContext = keepsContext
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
    }

    deinit {
        if isOpen { inflateEnd(self.stream) }
        self.stream.deallocate()
    }

    /// Decompresses a whole message.
    ///
    /// - Parameters:
    ///   - opcode: text is checked to be UTF-8 as it comes out.
    ///   - maximumBytes: of the result. A small message may describe a thousandfold larger one.
    /// - Throws: the violation; the connection has to be closed, and this is of no use any more.
    public func inflate(
        _ message: ByteBuffer, of opcode: WebSocketOpcode, maximumBytes: Int
    ) throws(WebSocketProtocolError) -> ByteBuffer {
        guard open() else { throw WebSocketProtocolError(.invalidCompression) }
        var input = message
        // The sender has cut off these four bytes (§7.2.1).
        input.writeBytes([0x00, 0x00, 0xFF, 0xFF])
        var output = ByteBuffer()
        var validator = UTF8Validator()
        var isDone = false
        blocks = 0
        while !isDone {
            let start = output.writerIndex
            let room = min(max(message.readableBytes, 1_024), 65_536)
            guard let done = step(&input, into: &output, room: room) else { throw WebSocketProtocolError(.invalidCompression) }
            isDone = done
            guard blocks <= Self.maximumBlocks + output.readableBytes / Self.contentBytesPerBlock else {
                throw WebSocketProtocolError(.invalidCompression)
            }
            guard output.readableBytes <= maximumBytes else { throw WebSocketProtocolError(.messageTooBig) }
            if opcode == .text {
                let isValid = output.withUnsafeReadableBytes { validator.consume(UnsafeRawBufferPointer(rebasing: $0[start...])) }
                guard isValid else { throw WebSocketProtocolError(.invalidUTF8) }
            }
        }
        guard opcode != .text || validator.isComplete else { throw WebSocketProtocolError(.invalidUTF8) }
        return output
    }

    /// Raw deflate (a negative size of the window), ready for a message.
    private func open() -> Bool {
        if isOpen { return self.keepsContext || inflateReset(self.stream) == Z_OK }
        isOpen =
            inflateInit2_(self.stream, Int32(-self.windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        return isOpen
    }

    /// Decompresses up to `room` bytes, or to the end of a block. Returns whether that was all; nil: the input is damaged.
    private func step(_ input: inout ByteBuffer, into output: inout ByteBuffer, room: Int) -> Bool? {
        var status = Z_OK
        var isFull = false
        let consumed = ZlibStream.run(self.stream, input, &output, room) { stream in
            status = CZlib.inflate(stream, Z_BLOCK)
            isFull = stream.pointee.avail_out == 0
        }
        input.moveReaderIndex(forwardBy: consumed)
        // 128: at the end of a block.
        if status == Z_STREAM_END || self.stream.pointee.data_type & 128 != 0 { blocks += 1 }
        switch status {
        case Z_OK:
            guard !isFull, input.readableBytes == 0 else { return false }
            // 128: the input ended with a block, and not within one.
            return self.stream.pointee.data_type & 128 != 0 ? true : nil
        // Nothing was left to do: the last step had filled its room exactly.
        case Z_BUF_ERROR: return input.readableBytes == 0 ? true : nil
        case Z_STREAM_END:
            // A final block is allowed (§7.2.3.4); what follows it begins anew.
            guard inflateReset(self.stream) == Z_OK else { return nil }
            return input.readableBytes <= 4
        default: return nil
        }
    }
}

/// Compresses the messages of one end (RFC 7692 §7.2.1). One belongs to one connection and is used where that is; its memory, some 260 KiB with the
/// largest window, is taken with the first message.
public final class MessageDeflater {
    private let windowBits: Int
    private let keepsContext: Bool
    private let level: Int32
    private let stream: UnsafeMutablePointer<z_stream>
    private var isOpen = false
    private var isContextStale = false

    /// - Parameters:
    ///   - windowBits: the agreed window of this end. zlib has none of 8 bits: nothing is compressed then.
    ///   - keepsContext: false: each message is compressed on its own.
    ///   - level: 1, the fastest, to 9.
    public init(windowBits: Int = 15, keepsContext: Bool = true, level: Int = 6) {
        precondition(PerMessageDeflate.windowBits.contains(windowBits) && (1...9).contains(level))
        self.windowBits = windowBits
        self.keepsContext = keepsContext
        self.level = Int32(level)
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
    }

    deinit {
        if isOpen { deflateEnd(self.stream) }
        self.stream.deallocate()
    }

    /// The peer got a message that this did not compress, or did not get one that it did: the next message refers to none before it.
    public func forgetContext() { isContextStale = true }

    /// Compresses a whole message; write it with ``WebSocketReservedBits/rsv1``.
    ///
    /// - Returns: nil: it cannot be compressed, send it as it is.
    public func deflate(_ message: ByteBuffer) -> ByteBuffer? {
        guard open() else { return nil }
        var input = message
        var output = ByteBuffer()
        var isFull = true
        while isFull || input.readableBytes > 0 {
            var status = Z_OK
            let consumed = ZlibStream.run(self.stream, input, &output, max(input.readableBytes, 256)) { stream in
                status = CZlib.deflate(stream, Z_SYNC_FLUSH)
                isFull = stream.pointee.avail_out == 0
            }
            input.moveReaderIndex(forwardBy: consumed)
            // Nothing was left to do: the last step had filled its room exactly.
            if status == Z_BUF_ERROR, input.readableBytes == 0 { break }
            guard status == Z_OK else { return nil }
        }
        // zlib flushes nothing twice: an empty message is an empty block (§7.2.3.6).
        guard output.readableBytes > 4 else { return ByteBuffer(bytes: [0x00]) }
        // A flush ends with an empty block, whose last four bytes are not sent.
        output.moveWriterIndex(to: output.writerIndex - 4)
        return output
    }

    private func open() -> Bool {
        guard self.windowBits > 8 else { return false }
        if isOpen {
            guard isContextStale || !self.keepsContext else { return true }
            isContextStale = false
            return deflateReset(self.stream) == Z_OK
        }
        isOpen =
            deflateInit2_(
                self.stream, self.level, Z_DEFLATED, Int32(-self.windowBits), 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        return isOpen
    }
}

/// Calls of zlib with buffers for its pointers.
package enum ZlibStream {
    /// Lends input and room for output to one call of zlib; the pointers are valid within it only.
    ///
    /// - Returns: the bytes that were consumed.
    package static func run(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: ByteBuffer, _ output: inout ByteBuffer, _ room: Int,
        _ body: (UnsafeMutablePointer<z_stream>) -> Void
    ) -> Int {
        var consumed = 0
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            let room = min(target.count, Int(UInt32.max))
            return input.withUnsafeReadableBytes { source in
                let available = min(source.count, Int(UInt32.max))
                // zlib takes a mutable pointer for historical reasons and does not write through it.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.pointee.avail_in = UInt32(available)
                stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(room)
                body(stream)
                consumed = available - Int(stream.pointee.avail_in)
                let written = room - Int(stream.pointee.avail_out)
                stream.pointee.next_in = nil
                stream.pointee.next_out = nil
                return written
            }
        }
        return consumed
    }
}
