import NIOCore
import NIOHTTP1

/// Wraps NIO's request decoder so that it only ever emits HTTP parts. Bytes behind a request for an upgrade stay here until they are asked
/// for: in the pipeline they would reach a handler that expects parts, which stops the process.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    private enum Mode {
        case parsing
        /// The connection does not speak HTTP any more.
        case keeping
        /// Nothing is answered any more. The value is the number of bytes that may still come.
        case dropping(Int)
    }

    /// The parser stops behind such a request, and later bytes stay in the decoder, so the answer must be the last one.
    static func stops(behind head: HTTPRequestHead) -> Bool { head.method == .CONNECT || head.headers.contains(name: "upgrade") }

    private let parser: HTTPRequestDecoder
    private var mode = Mode.parsing
    private var rest = ByteBuffer()

    init(limits: NIOHTTPDecoderLimitConfiguration) {
        parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    }

    /// Stops parsing. If the parser takes the request for an ordinary one, it still parses the bytes that it has.
    func keepRest() { mode = .keeping }

    /// Reads on and drops the bytes, so that the peer can finish sending and read its answer. More than `maximumBytes` is an error.
    func dropRest(maximumBytes: Int) { mode = .dropping(maximumBytes) }

    /// The bytes behind the request for an upgrade, once the decoder has left the pipeline.
    func takeRest() -> ByteBuffer {
        defer { rest = ByteBuffer() }
        return rest
    }

    // MARK: ByteToMessageDecoder

    func decoderAdded(context: ChannelHandlerContext) { parser.decoderAdded(context: context) }
    func decoderRemoved(context: ChannelHandlerContext) { parser.decoderRemoved(context: context) }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        switch mode {
        case .parsing:
            do {
                return try parser.decode(context: context, buffer: &buffer)
            } catch {
                // Not thrown: after an error the decoder's handler reports each read as another error, and the peer could not finish
                // sending before it reads its answer.
                mode = .dropping(0)
                buffer.moveReaderIndex(forwardBy: buffer.readableBytes)
                context.fireErrorCaught(error)
                return .needMoreData
            }
        case .keeping: return .needMoreData
        case .dropping(let left):
            let count = buffer.readableBytes
            buffer.moveReaderIndex(forwardBy: count)
            guard count <= left else { throw ByteToMessageDecoderError.PayloadTooLargeError() }
            mode = .dropping(left - count)
            return .needMoreData
        }
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        switch mode {
        case .parsing: return try parser.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
        case .keeping:
            if let bytes = buffer.readSlice(length: buffer.readableBytes) { rest.writeImmutableBuffer(bytes) }
            return .needMoreData
        case .dropping:
            buffer.moveReaderIndex(forwardBy: buffer.readableBytes)
            return .needMoreData
        }
    }
}
