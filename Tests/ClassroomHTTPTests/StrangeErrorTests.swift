import ClassroomTestSupport
import HTTPTypes
import Testing

@Suite("A caller of the API never sees the text of an error that is not ours")
struct StrangeErrorTests {
    @Test(
        "a request of the HTTP API gets 500 without details",
        arguments: [
            "/api/v1/quizzes", "/api/v1/quizzes/x", "/api/v1/sessions", "/api/v1/sessions/s/leaderboard", "/api/v1/sessions/s/report",
            "/api/v1/sessions/s/report.csv",
        ])
    func routes(path: String) async throws {
        let server = HTTPTestServer(store: StrangeStore())
        let answer = try await server.call(.get, path, token: "ann")
        #expect(answer.status == 500)
        #expect(answer.code == "internal")
        #expect(!answer.body.contains("SECRET"))
    }
}
