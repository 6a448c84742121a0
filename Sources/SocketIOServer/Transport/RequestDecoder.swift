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
    }

    private let parser: HTTPRequestDecoder
    private var mode = Mode.parsing
    private var rest = ByteBuffer()

    init(limits: NIOHTTPDecoderLimitConfiguration) {
        parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    }

    /// Parses no further. The parser itself goes on to the end of the bytes that it holds, if it takes the request for a common one.
    func keepRest() { mode = .keeping }

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
        case .parsing: try parser.decode(context: context, buffer: &buffer)
        case .keeping: .needMoreData
        }
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        switch mode {
        case .parsing: return try parser.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
        case .keeping:
            if let bytes = buffer.readSlice(length: buffer.readableBytes) { rest.writeImmutableBuffer(bytes) }
            return .needMoreData
        }
    }
}
