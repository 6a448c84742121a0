import NIOCore
import NIOHTTP1

/// NIO's request decoder, so that nothing but HTTP parts ever comes out of it. What stands behind a request for an upgrade stays here until
/// it is asked for: sent down the pipeline it would be bytes where the next handler may expect parts, which stops the process.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    private enum Mode {
        case parsing
        /// The connection is no HTTP any more.
        case keeping
        /// Nothing is answered any more; how many bytes may still come.
        case dropping(Int)
    }

    /// The parser stops behind such a request: what follows it stays in the decoder, so the answer has to be the last.
    static func stops(behind head: HTTPRequestHead) -> Bool { head.method == .CONNECT || head.headers.contains(name: "upgrade") }

    private let parser: HTTPRequestDecoder
    private var mode = Mode.parsing
    private var rest = ByteBuffer()

    init(limits: NIOHTTPDecoderLimitConfiguration) {
        parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    }

    /// Parses no further. The parser itself goes on to the end of the bytes that it holds, if it takes the request for a common one.
    func keepRest() { mode = .keeping }

    /// Reads on, so that the peer can finish what it sends and find its answer, but keeps nothing. More than `maximumBytes` are an error.
    func dropRest(maximumBytes: Int) { mode = .dropping(maximumBytes) }

    /// Once the decoder has left the pipeline: what came behind the request for an upgrade.
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
                // Not thrown: behind an error the decoder's handler gives out every read as one more, and the peer could not finish what
                // it sends before it finds its answer.
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
