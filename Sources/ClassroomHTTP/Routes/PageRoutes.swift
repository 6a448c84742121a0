import HTTPTypes
import Hummingbird
import NIOCore
import SocketIOServer
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
        // Byte by byte: as text, a header with many marks on one letter takes quadratic time.
        return ifNoneMatch.utf8.split(separator: UInt8(ascii: ",")).contains { field in
            let tag = field.drop { $0 == UInt8(ascii: " ") }
            let opaque = (tag.starts(with: "W/".utf8) ? tag.dropFirst(2) : tag).prefix { $0 != UInt8(ascii: " ") }
            return tag.elementsEqual("*".utf8) || opaque.elementsEqual(entityTag.utf8)
        }
    }
}

/// A file that browsers get.
struct Page: Sendable {
    /// Its paths, each with a leading `/`.
    let paths: [String]
    let type: String
    let body: ByteBuffer
    /// Changes with the content, and only with it.
    let entityTag: String

    init(_ paths: String..., type: String, bytes: [UInt8]) {
        self.paths = paths
        self.type = type
        body = ByteBuffer(bytes: bytes)
        entityTag = "\"" + SHA256Digest.hash(bytes).prefix(12).hexadecimal + "\""
    }
}

/// The files and their paths.
enum PageCatalog {
    private static let html = "text/html; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
    private static let style = "text/css; charset=utf-8"

    static var pages: [Page] {
        [
            Page("/", "/index.html", type: html, bytes: layout("play", "Play", PackageResources.play_html)),
            Page(
                "/host", type: html,
                bytes: layout(
                    "host", "Host", PackageResources.host_html,
                    signIn: "Hosts need an account that may create sessions. Players need none.")),
            Page(
                "/chat", type: html,
                bytes: layout("chat", "Chat", PackageResources.chat_html, signIn: "The chat is for people with an account.")),
            Page(
                "/dashboard", type: html,
                bytes: layout(
                    "dashboard", "Dashboard", PackageResources.dashboard_html, signIn: "The dashboard is for people with an account.")),
            Page("/app.css", type: style, bytes: PackageResources.app_css),
            Page("/chart.js", type: script, bytes: PackageResources.chart_js),
            Page("/chat.js", type: script, bytes: PackageResources.chat_js),
            Page("/connection.js", type: script, bytes: PackageResources.connection_js),
            Page("/dashboard.js", type: script, bytes: PackageResources.dashboard_js),
            Page("/dunlin.js", type: script, bytes: BrowserClient.module),
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

    /// A page's content within the head, the navigation and the foot that all pages share.
    ///
    /// - Parameters:
    ///   - name: of the page's script and of its class in the style sheet.
    ///   - reason: why the page asks people to sign in; nil: it has no form for that.
    private static func layout(_ name: String, _ title: String, _ content: [UInt8], signIn reason: String? = nil) -> [UInt8] {
        let form = reason.map { text(PackageResources.sign_in_html).replacing("{{reason}}", with: $0) + "\n" } ?? ""
        let page = text(PackageResources.layout_html)
            .replacing("{{name}}", with: name)
            .replacing("{{title}}", with: title)
            .replacing(">\(title)</a>", with: " aria-current=\"page\">\(title)</a>")
            .replacing("{{content}}", with: form + text(content))
        return Array(page.utf8)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// The description of the HTTP API, for people and for tools.
enum OpenAPIDocument {
    /// Media type: RFC 9512.
    static var response: Response { .bytes(ByteBuffer(bytes: PackageResources.openapi_yaml), type: "application/yaml") }
}
