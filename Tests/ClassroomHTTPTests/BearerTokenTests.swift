@testable import ClassroomHTTP
import Testing

@Suite("Bearer tokens")
struct BearerTokenTests {
    @Test(
        "the token is what follows the scheme",
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER  abc", "abc"), ("Basic abc", nil), ("Bearer", nil), ("Bearer ", nil),
            ("abc", nil), ("Bearer a\u{301}", "a\u{301}"), ("Bearer\u{301} abc", nil),
            (nil, nil),
        ] as [(String?, String?)])
    func parsing(header: String?, token: String?) {
        #expect(BearerTokenMiddleware.token(in: header) == token)
    }
}
