import ClassroomStore
import HTTPTypes
import Hummingbird
import NIOCore
import SystemCrypto

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

/// A file that browsers get.
struct Page: Sendable {
    /// Where it is, `/` in front.
    let paths: [String]
    let type: String
    let body: ByteBuffer
    /// Changes with the content, and only with it.
    let entityTag: String

    init(_ paths: String..., type: String, bytes: [UInt8]) {
        self.paths = paths
        self.type = type
        body = ByteBuffer(bytes: bytes)
        entityTag = "\"" + TokenHash.hexadecimal(SHA256Digest.hash(bytes).prefix(12)) + "\""
    }
}

/// Which file is served where.
enum PageCatalog {
    private static let html = "text/html; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
    private static let style = "text/css; charset=utf-8"

    static var pages: [Page] {
        [
            Page("/", "/index.html", type: html, bytes: PackageResources.index_html),
            Page("/host", type: html, bytes: PackageResources.host_html),
            Page("/chat", type: html, bytes: PackageResources.chat_html),
            Page("/dashboard", type: html, bytes: PackageResources.dashboard_html),
            Page("/app.css", type: style, bytes: PackageResources.app_css),
            Page("/chart.js", type: script, bytes: PackageResources.chart_js),
            Page("/chat.js", type: script, bytes: PackageResources.chat_js),
            Page("/connection.js", type: script, bytes: PackageResources.connection_js),
            Page("/dashboard.js", type: script, bytes: PackageResources.dashboard_js),
            Page("/dunlin.js", type: script, bytes: PackageResources.dunlin_js),
            Page("/host-stage.js", type: script, bytes: PackageResources.host_stage_js),
            Page("/host.js", type: script, bytes: PackageResources.host_js),
            Page("/icon.svg", type: "image/svg+xml", bytes: PackageResources.icon_svg),
            Page("/page.js", type: script, bytes: PackageResources.page_js),
            Page("/play-question.js", type: script, bytes: PackageResources.play_question_js),
            Page("/play.js", type: script, bytes: PackageResources.play_js),
            Page("/qr.js", type: script, bytes: PackageResources.qr_js),
            Page("/quiz.js", type: script, bytes: PackageResources.quiz_js),
        ]
    }
}

/// The description of the HTTP API, for people and for tools.
enum OpenAPIDocument {
    /// Media type: RFC 9512.
    static var response: Response { .bytes(ByteBuffer(bytes: PackageResources.openapi_yaml), type: "application/yaml") }
}
