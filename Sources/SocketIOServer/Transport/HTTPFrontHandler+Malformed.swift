import NIOCore
import NIOHTTP1

/// Bytes that are no HTTP: the requests before them are answered, then they are refused.
extension HTTPFrontHandler {
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else { return context.close(promise: nil) }
        requests.dropRest(maximumBytes: endpoint.configuration.maximumDrainedBytes)
        malformed = parserError == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest
        refuseMalformed(context)
    }

    /// Refuses them if it is their turn.
    func refuseMalformed(_ context: ChannelHandlerContext) {
        guard let status = malformed, waiting.isEmpty else { return }
        switch phase {
        case .idle, .collecting, .draining:
            phase = .finished
            let headers: HTTPHeaders = ["Connection": "close", "Content-Length": "0"]
            context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
            writeEnd(wrapOutboundOut(.end(nil)), promise: nil, context)
            context.flush()
            closeAfterDraining(context)
        case .answering, .passing(requestEnded: true, _, _), .finished: break
        // The route has begun with a request that has no end.
        case .passing, .upgrading, .switching: context.close(promise: nil)
        }
    }
}
