@testable import ClassroomHTTP
import HTTPTypes
import Testing

@Suite("Origins of the HTTP API")
struct OriginMiddlewareTests {
    private let server = HTTPTestServer { $0.allowedOrigins = ["https://school.example"] }

    @Test(
        "a foreign origin gets 403, whatever its token",
        arguments: [
            "https://evil.example", "null", "https://school.example.evil.example", "http://school.example", "https://localhost:3001",
            "http://localhost:30011", "http://localhost",
        ])
    func foreign(origin: String) async throws {
        for method in [HTTPRequest.Method.get, .options] {
            let answer = try await server.call(method, "/api/v1/quizzes", token: "ann", headers: [.origin: origin])
            #expect(answer.status == 403)
            #expect(answer.headers[.accessControlAllowOrigin] == nil)
        }
    }

    @Test("the server's own origin and no origin at all pass")
    func own() async throws {
        #expect(try await server.call(.get, "/api/v1/quizzes", token: "ann").status == 200)
        let answer = try await server.call(.get, "/api/v1/quizzes", token: "ann", headers: [.origin: "http://localhost:3001"])
        #expect(answer.status == 200)
        #expect(answer.headers[.accessControlAllowOrigin] == nil)
    }

    @Test("a page of an allowed origin may read the answer, after asking")
    func allowed() async throws {
        let headers: HTTPFields = [.origin: "https://school.example"]
        let preflight = try await server.call(.options, "/api/v1/quizzes", headers: headers)
        #expect(preflight.status == 204)
        #expect(preflight.headers[.accessControlAllowOrigin] == "https://school.example")
        #expect(preflight.headers[.accessControlAllowHeaders] == "Authorization, Content-Type")
        let answer = try await server.call(.get, "/api/v1/quizzes", token: "ann", headers: headers)
        #expect(answer.status == 200)
        #expect(answer.headers[.accessControlAllowOrigin] == "https://school.example")
        #expect(answer.headers[.vary] == "Origin")
        let refused = try await server.call(.get, "/api/v1/quizzes", headers: headers)
        #expect(refused.status == 401 && refused.headers[.accessControlAllowOrigin] == "https://school.example")
    }

    @Test(
        "no way to write a path gets past the check",
        arguments: [
            "/api/v1/quizzes", "//api/v1/quizzes", "/api//v1/quizzes", "/%61pi/v1/quizzes", "/./api/v1/quizzes", "/%2e/api/v1/quizzes",
            "/x/../api/v1/quizzes", "/x/%2e%2e/api/v1/quizzes", "/\\api/v1/quizzes", "\\api/v1/quizzes", "/api%2fv1/quizzes",
            "/API/v1/quizzes",
            "http://localhost:3001/api/v1/quizzes", "http://localhost:3001//api/v1/quizzes", "HTTP://localhost:3001/api/v1/quizzes",
            "/;/api/v1/quizzes",
            "/api/v1/quizzes/", "/", "/readyz",
        ])
    func paths(path: String) async throws {
        let answer = try await server.call(.get, path, token: "ann", headers: [.origin: "https://evil.example"])
        #expect(answer.status == 403)
    }
}
