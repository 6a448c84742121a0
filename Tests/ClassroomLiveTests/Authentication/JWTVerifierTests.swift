import Classroom
import ClassroomLive
import Foundation
import SystemCrypto
import Testing

/// Tokens are made by hand: the tests say exactly what is in them.
private struct TestToken {
    static let secret = Array("a secret of more than thirty-two bytes".utf8)
    static let now: UnixMilliseconds = 1_700_000_000_000
    static let seconds = Double(now) / 1_000

    var header: [String: Any] = ["alg": "HS256", "typ": "JWT"]
    var claims: [String: Any] = ["sub": "ann", "exp": seconds + 60]

    init(_ change: (inout TestToken) -> Void = { _ in }) {
        change(&self)
    }

    private static func part(_ object: [String: Any]) throws -> String {
        base64URL(try JSONSerialization.data(withJSONObject: object))
    }

    static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    func signed(secret: [UInt8] = secret) throws -> String {
        let text = try Self.part(header) + "." + Self.part(claims)
        let signature = SHA256Code.code(for: Array(text.utf8), key: secret)
        return text + "." + Self.base64URL(Data(signature))
    }

    func signed(with key: P256TestKey) throws -> String {
        let text = try Self.part(header) + "." + Self.part(claims)
        return text + "." + Self.base64URL(Data(try key.signature(for: Array(text.utf8))))
    }

    func unsigned() throws -> String { try Self.part(header) + "." + Self.part(claims) + "." }
}

@Suite("JSON Web Tokens")
struct JWTVerifierTests {
    private let now = TestToken.now

    private func verifier(issuer: String? = nil, audience: String? = nil) throws -> JWTVerifier {
        try JWTVerifier(JWTConfiguration(key: .hmacSecret(TestToken.secret), issuer: issuer, audience: audience))
    }

    private func refusal(_ token: String, by verifier: JWTVerifier, at time: UnixMilliseconds = TestToken.now) -> JWTRefusal? {
        do throws(JWTRefusal) {
            _ = try verifier.user(for: token, at: time)
            return nil
        } catch {
            return error
        }
    }

    @Test("the claims become the user")
    func claims() throws {
        let token = TestToken {
            $0.claims["name"] = "Ann"
            $0.claims["role"] = "instructor"
            $0.claims["permissions"] = ["quiz:create"]
        }
        let user = try verifier().user(for: try token.signed(), at: now)
        #expect(user == User(id: "ann", username: "Ann", role: .instructor, permissions: [.createQuizzes]))
    }

    @Test("without a name, a role and permissions the user is a student named by the id")
    func defaults() throws {
        let user = try verifier().user(for: try TestToken().signed(), at: now)
        #expect(user == User(id: "ann", username: "ann", role: .student, permissions: [.participate]))
    }

    @Test("a token is valid until the moment of its exp and not at it")
    func expiry() throws {
        let token = try TestToken { $0.claims["exp"] = TestToken.seconds }.signed()
        let verifier = try verifier()
        #expect(refusal(token, by: verifier, at: now - 1) == nil)
        #expect(refusal(token, by: verifier, at: now) == .expired)
    }

    @Test("of tokens that were accepted, those lapse whose exp has come, and what is no token of this kind is somebody else's")
    func lapsed() async throws {
        let short = try TestToken { $0.claims["exp"] = TestToken.seconds }.signed()
        let long = try TestToken().signed()
        for (time, lapsed) in [(now - 1, ["opaque"]), (now, ["opaque", short])] {
            let authentication = JWTAuthentication(verifier: try verifier(), now: { time })
            #expect(try await authentication.lapsed(among: [short, long, "opaque"]) == Set(lapsed))
        }
        let both = CompositeAuthentication([JWTAuthentication(verifier: try verifier(), now: { 0 }), OneToken()])
        #expect(try await both.lapsed(among: [long, "opaque", "other"]) == ["other"])
    }

    private struct OneToken: AuthenticationService {
        func verifyToken(_ token: String) async throws -> User? { token == "opaque" ? User(id: "o", username: "o") : nil }
    }

    @Test("a token without exp is refused")
    func missingExpiry() throws {
        let token = try TestToken { $0.claims["exp"] = nil }.signed()
        #expect(refusal(token, by: try verifier()) == .missingExpiry)
    }

    @Test("a token is valid from the moment of its nbf")
    func notBefore() throws {
        let token = try TestToken { $0.claims["nbf"] = TestToken.seconds }.signed()
        let verifier = try verifier()
        #expect(refusal(token, by: verifier, at: now - 1) == .notYetValid)
        #expect(refusal(token, by: verifier, at: now) == nil)
    }

    @Test("an exp that is no number is refused")
    func expiryOfWrongType() throws {
        let token = try TestToken { $0.claims["exp"] = "tomorrow" }.signed()
        #expect(refusal(token, by: try verifier()) == .malformed)
    }

    @Test("the issuer must be the expected one", arguments: [("school", true), ("other", false), (nil, false)] as [(String?, Bool)])
    func issuer(issuer: String?, isAccepted: Bool) throws {
        let token = try TestToken { $0.claims["iss"] = issuer }.signed()
        #expect(refusal(token, by: try verifier(issuer: "school")) == (isAccepted ? nil : .wrongIssuer))
    }

    @Test("the audience must be among the token's")
    func audience() throws {
        let verifier = try verifier(audience: "dunlin")
        for (audience, isAccepted) in [("dunlin" as Any, true), (["x", "dunlin"], true), (["x"], false), ("x", false)] {
            let token = try TestToken { $0.claims["aud"] = audience }.signed()
            #expect(refusal(token, by: verifier) == (isAccepted ? nil : .wrongAudience))
        }
        #expect(refusal(try TestToken().signed(), by: verifier) == .wrongAudience)
    }

    @Test("a token for an audience is refused by a server that is told none")
    func unexpectedAudience() throws {
        let token = try TestToken { $0.claims["aud"] = "somebody else" }.signed()
        #expect(refusal(token, by: try verifier()) == .wrongAudience)
    }

    @Test("alg none is refused, signed or not", arguments: ["none", "None", "NONE", ""])
    func algorithmNone(name: String) throws {
        let token = TestToken { $0.header["alg"] = name }
        let verifier = try verifier()
        #expect(refusal(try token.signed(), by: verifier) == .wrongAlgorithm)
        #expect(refusal(try token.unsigned(), by: verifier) == .malformed)
    }

    @Test("another HMAC than the pinned one is refused", arguments: ["HS384", "HS512", "hs256", "RS256", "ES256"])
    func otherAlgorithm(name: String) throws {
        let token = try TestToken { $0.header["alg"] = name }.signed()
        #expect(refusal(token, by: try verifier()) == .wrongAlgorithm)
    }

    @Test("a header of the most bytes is read, and one byte more is not", arguments: [(0, nil), (1, .malformed)] as [(Int, JWTRefusal?)])
    func longHeader(extra: Int, expected: JWTRefusal?) throws {
        var token = TestToken { $0.header["kid"] = "" }
        let bytes = try JSONSerialization.data(withJSONObject: token.header).count
        token.header["kid"] = String(repeating: "k", count: TokenLimits.maximumHeaderBytes - bytes + extra)
        #expect(refusal(try token.signed(), by: try verifier()) == expected)
    }

    @Test("a public key does not serve as a secret")
    func keyConfusion() throws {
        let key = try P256TestKey()
        let pem = try key.publicKey()
        let verifier = try JWTVerifier(JWTConfiguration(key: .ecdsaPublicKey(pem: pem)))
        for secret in [pem, pem + "\n"] {
            #expect(refusal(try TestToken().signed(secret: Array(secret.utf8)), by: verifier) == .wrongAlgorithm)
            let disguised = TestToken { $0.header["alg"] = "ES256" }
            #expect(refusal(try disguised.signed(secret: Array(secret.utf8)), by: verifier) == .badSignature)
        }
    }

    @Test("the token of RFC 7515's appendix A.1 has a valid signature and lacks a subject")
    func knownAnswer() throws {
        let secret = try #require(
            Data(base64Encoded: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="))
        let token = """
            eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
            .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
            """
        let verifier = try JWTVerifier(JWTConfiguration(key: .hmacSecret(Array(secret))))
        #expect(refusal(token, by: verifier, at: 1_300_819_379_000) == .badSubject)
        #expect(refusal(token, by: verifier, at: 1_300_819_380_000) == .expired)
    }

    @Test("ES256 is verified with the public key")
    func ecdsa() throws {
        let key = try P256TestKey()
        let verifier = try JWTVerifier(JWTConfiguration(key: .ecdsaPublicKey(pem: try key.publicKey())))
        let token = TestToken { $0.header["alg"] = "ES256" }
        #expect(refusal(try token.signed(with: key), by: verifier) == nil)
        #expect(refusal(try token.signed(with: P256TestKey()), by: verifier) == .badSignature)
    }

    @Test("a signature by another secret, and a changed claim, are refused")
    func badSignature() throws {
        let verifier = try verifier()
        #expect(refusal(try TestToken().signed(secret: Array("another".utf8)), by: verifier) == .badSignature)
        let signed = try TestToken().signed().split(separator: ".")
        let other = try TestToken { $0.claims["sub"] = "eve" }.signed().split(separator: ".")
        #expect(refusal("\(signed[0]).\(other[1]).\(signed[2])", by: verifier) == .badSignature)
    }

    @Test("a header that lists critical extensions is refused")
    func criticalHeader() throws {
        let token = try TestToken { $0.header["crit"] = ["b64"] }.signed()
        #expect(refusal(token, by: try verifier()) == .criticalHeader)
    }

    @Test(
        "what is no token is refused",
        arguments: ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "eyJhbGciOiJIUzI1NiJ9.!.x", "eyJhbGciOiJIUzI1NiJ9=.e30.e30"])
    func malformed(token: String) throws {
        #expect(refusal(token, by: try verifier()) == .malformed)
    }

    @Test("a token of the greatest length is looked at, a longer one is not")
    func length() throws {
        let verifier = try verifier()
        #expect(refusal(String(repeating: "a", count: TokenLimits.maximumBytes), by: verifier) == .malformed)
        #expect(refusal(String(repeating: "a", count: TokenLimits.maximumBytes + 1), by: verifier) == .tooLong)
    }

    @Test("the subject must be there and no longer than a user id may be", arguments: [("", false), ("s128", true), ("s129", false)])
    func subject(name: String, isAccepted: Bool) throws {
        let subject = name.isEmpty ? "" : String(repeating: "x", count: name == "s128" ? 128 : 129)
        let token = try TestToken { $0.claims["sub"] = subject }.signed()
        #expect(refusal(token, by: try verifier()) == (isAccepted ? nil : .badSubject))
        let control = try TestToken { $0.claims["sub"] = "teacher\0x" }.signed()
        #expect(refusal(control, by: try verifier()) == .badSubject)
        let without = try TestToken { $0.claims["sub"] = nil }.signed()
        #expect(refusal(without, by: try verifier()) == .badSubject)
    }

    @Test(
        "the subject is none that owns the shared quizzes or is a guest's",
        arguments: [
            ("system", false), ("guest-", false), ("guest-7", false), ("System", true), ("systems", true), ("guest", true),
            ("guest7", true),
        ])
    func reservedSubject(name: String, isAccepted: Bool) throws {
        let token = try TestToken { $0.claims["sub"] = name }.signed()
        #expect(refusal(token, by: try verifier()) == (isAccepted ? nil : .badSubject))
    }

    @Test(
        "the subject has one spelling: one that only Swift takes for another's is refused",
        arguments: [("Ren\u{E9}", true), ("Rene\u{301}", false), ("\u{C5}", true), ("\u{212B}", false), ("日本", true)])
    func composedSubject(name: String, isAccepted: Bool) throws {
        let token = try TestToken { $0.claims["sub"] = name }.signed()
        #expect(refusal(token, by: try verifier()) == (isAccepted ? nil : .badSubject))
    }

    @Test("a role that is not known is refused")
    func unknownRole() throws {
        let token = try TestToken { $0.claims["role"] = "headmaster" }.signed()
        #expect(refusal(token, by: try verifier()) == .unknownRole)
    }

    @Test(
        "a key that is no P-256 public key is refused at start",
        arguments: ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
    func badKey(pem: String) {
        #expect(throws: JWTKeyError.self) { try JWTVerifier(JWTConfiguration(key: .ecdsaPublicKey(pem: pem))) }
    }

    @Test("who authenticates by JWT is told nothing about why a token is refused")
    func authentication() async throws {
        let time = now
        let authentication = JWTAuthentication(verifier: try verifier(), now: { time })
        #expect(try await authentication.verifyToken(try TestToken().signed())?.id == "ann")
        #expect(try await authentication.verifyToken("nonsense") == nil)
    }
}
