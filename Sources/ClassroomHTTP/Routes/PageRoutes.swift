import HTTPTypes
import Hummingbird
import NIOCore

/// The pages, out of the program itself.
struct PageRoutes {
    let pages: [Page]

    func add(to router: Router<ClassroomRequestContext>) {
        for page in pages {
            for path in page.paths {
                router.get(RouterPath(path)) { request, _ in page.response(to: request) }
            }
        }
    }
}

extension Page {
    func response(to request: Request) -> Response {
        var headers: HTTPFields = [
            .contentType: type, .eTag: entityTag, .cacheControl: "no-cache",
            .contentSecurityPolicy: SecurityHeadersMiddleware.pagePolicy(authority: request.head.authority),
        ]
        if isCurrent(request.headers[.ifNoneMatch]) { return Response(status: .notModified, headers: headers) }
        headers[.contentLength] = "\(body.readableBytes)"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// Whether the client's copy is this one (RFC 9110, section 13.1.2: a weak comparison).
    private func isCurrent(_ ifNoneMatch: String?) -> Bool {
        guard let ifNoneMatch else { return false }
        return ifNoneMatch.split(separator: ",").contains { tag in
            let tag = tag.drop { $0 == " " }
            return tag == "*" || (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag).prefix { $0 != " " } == entityTag
        }
    }
}
