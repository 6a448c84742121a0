import Classroom
@testable import ClassroomHTTP
import ClassroomStore
import HTTPTypes
import Testing

@Suite("Health, metrics and pages")
struct HealthRoutesTests {
    @Test("a server that listens and whose database works is ready")
    func ready() async throws {
        let server = HTTPTestServer()
        #expect(try await server.call(.get, "/livez").status == 200)
        #expect(try await server.call(.get, "/readyz").status == 200)
    }

    @Test("a drain fails readiness and not liveness")
    func draining() async throws {
        let server = HTTPTestServer()
        server.readiness.drain()
        server.readiness.open()
        let answer = try await server.call(.get, "/readyz")
        #expect(answer.status == 503)
        #expect(answer.body == #"{"status":"draining"}"#)
        #expect(try await server.call(.get, "/livez").status == 200)
    }

    @Test("a closed database fails readiness and not liveness")
    func closedStore() async throws {
        let store = MemoryStore()
        let server = HTTPTestServer(store: store)
        await store.close()
        let answer = try await server.call(.get, "/readyz")
        #expect(answer.status == 503)
        #expect(answer.body == #"{"status":"database_unavailable"}"#)
        #expect(try await server.call(.get, "/livez").status == 200)
    }

    @Test("before the listener is open the server is starting")
    func starting() async {
        #expect(await Readiness(store: MemoryStore()).check() == .starting)
    }

    @Test("ten thousand paths leave a constant number of series")
    func metricsOfManyPaths() async throws {
        let server = HTTPTestServer()
        _ = try await server.call(.get, "/metrics")
        let before = try await server.call(.get, "/metrics").body.split(separator: "\n").count
        for index in 0..<10_000 { _ = try await server.call(.get, "/random/\(index)") }
        let after = try await server.call(.get, "/metrics")
        #expect(after.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(after.body.split(separator: "\n").count == before)
        #expect(after.body.contains(#"dunlin_http_requests_total{status="4xx"} 10000"#))
    }

    @Test("a missing route is answered with JSON")
    func notFound() async throws {
        let answer = try await HTTPTestServer().call(.get, "/nothing/here")
        #expect(answer.status == 404)
        #expect(answer.body == #"{"code":"not_found","message":"Not found"}"#)
    }

    @Test(
        "a method that a path does not have gets 405 and is told which ones it has",
        arguments: [
            ("POST", "/livez", "GET, HEAD"), ("DELETE", "/", "GET, HEAD"), ("DELETE", "/api/v1/sessions", "GET, HEAD"),
            ("PATCH", "/api/v1/quizzes", "GET, HEAD, POST"), ("POST", "/api/v1/quizzes/some-id", "DELETE, GET, HEAD, PUT"),
            ("OPTIONS", "/metrics", "GET, HEAD"), ("GET", "/api/v1/quizzes/import", "POST"),
        ])
    func wrongMethod(_ name: String, _ path: String, _ allowed: String) async throws {
        let method = try #require(HTTPRequest.Method(name))
        let answer = try await HTTPTestServer().call(method, path)
        #expect(answer.status == 405)
        #expect(answer.headers[.allow] == allowed)
        #expect(answer.body == #"{"code":"invalid","message":"Method not allowed"}"#)
    }

    @Test("the description of the API needs no token")
    func openAPI() async throws {
        let answer = try await HTTPTestServer().call(.get, "/api/v1/openapi.yaml")
        #expect(answer.headers[.contentType] == "application/yaml")
        #expect(answer.body.hasPrefix("openapi: 3.1.0"))
    }

    @Test("every response forbids guessing types and framing")
    func headers() async throws {
        let server = HTTPTestServer()
        for path in ["/livez", "/nothing", "/api/v1/quizzes", "/"] {
            let answer = try await server.call(.get, path)
            #expect(answer.headers[.xContentTypeOptions] == "nosniff")
            #expect(answer.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'") == true)
        }
    }

    @Test(
        "every page has the layout of all, its own content, and its place in the navigation",
        arguments: [("/", "Play", "play"), ("/host", "Host", "host"), ("/chat", "Chat", "chat"), ("/dashboard", "Dashboard", "dashboard")])
    func layout(path: String, title: String, name: String) async throws {
        let page = try await HTTPTestServer().call(.get, path).body
        #expect(page.contains("<title>\(title) · Dunlin</title>"))
        #expect(page.contains("<script type=\"module\" src=\"/\(name).js\"></script>") && page.contains("class=\"page-\(name)\""))
        #expect(page.contains("<a href=\"\(path)\" aria-current=\"page\">\(title)</a>"))
        #expect(page.ranges(of: "aria-current").count == 1)
        #expect(page.contains("id=\"sign-in\"") == (path != "/"))
        #expect(!page.contains("{{"))
    }

    @Test("pages are HTML with a policy that allows only their own scripts", arguments: ["/", "/host", "/chat", "/dashboard"])
    func pages(path: String) async throws {
        let server = HTTPTestServer()
        let answer = try await server.call(.get, path)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
        let policy = try #require(answer.headers[.contentSecurityPolicy])
        #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"))
        #expect(!answer.body.contains("<script>") && !answer.body.contains("<style"))
        #expect(try await server.call(.head, path).status == 200)
    }

    @Test("a page that the browser has cached is not sent again")
    func entityTags() async throws {
        let server = HTTPTestServer()
        let tag = try #require(try await server.call(.get, "/").headers[.eTag])
        for value in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let answer = try await server.call(.get, "/", headers: [.ifNoneMatch: value])
            #expect(answer.status == 304 && answer.body.isEmpty)
        }
        #expect(try await server.call(.get, "/", headers: [.ifNoneMatch: "\"other\""]).status == 200)
    }
}
