import Classroom
import ClassroomServer
import Foundation
import JWTKit
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

    func signed(secret: [UInt8] = secret) async throws -> String {
        let text = try Self.part(header) + "." + Self.part(claims)
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        let signature = try await keys.getKey().sign(Array(text.utf8))
        return text + "." + Self.base64URL(Data(signature))
    }

    func signed(with key: ES256PrivateKey) async throws -> String {
        let text = try Self.part(header) + "." + Self.part(claims)
        let signature = try await JWTKeyCollection().add(ecdsa: key).getKey().sign(Array(text.utf8))
        return text + "." + Self.base64URL(Data(signature))
    }

    func unsigned() throws -> String { try Self.part(header) + "." + Self.part(claims) + "." }
}

@Suite("JSON Web Tokens")
struct JWTVerifierTests {
    private let now = TestToken.now

    private func verifier(issuer: String? = nil, audience: String? = nil) async throws -> JWTVerifier {
        try await JWTVerifier(JWTConfiguration(key: .hmacSecret(TestToken.secret), issuer: issuer, audience: audience))
    }

    private func refusal(_ token: String, by verifier: JWTVerifier, at time: UnixMilliseconds = TestToken.now) async -> JWTRefusal? {
        do throws(JWTRefusal) {
            _ = try await verifier.user(for: token, at: time)
            return nil
        } catch {
            return error
        }
    }

    @Test("the claims become the user")
    func claims() async throws {
        let token = TestToken {
            $0.claims["name"] = "Ann"
            $0.claims["role"] = "instructor"
            $0.claims["permissions"] = ["quiz:create"]
        }
        let user = try await verifier().user(for: try await token.signed(), at: now)
        #expect(user == User(id: "ann", username: "Ann", role: .instructor, permissions: [.createQuizzes]))
    }

    @Test("without a name, a role and permissions the user is a student named by the id")
    func defaults() async throws {
        let user = try await verifier().user(for: try await TestToken().signed(), at: now)
        #expect(user == User(id: "ann", username: "ann", role: .student, permissions: [.participate]))
    }

    @Test("a token is valid until the moment of its exp and not at it")
    func expiry() async throws {
        let token = try await TestToken { $0.claims["exp"] = TestToken.seconds }.signed()
        let verifier = try await verifier()
        #expect(await refusal(token, by: verifier, at: now - 1) == nil)
        #expect(await refusal(token, by: verifier, at: now) == .expired)
    }

    @Test("a token without exp is refused")
    func missingExpiry() async throws {
        let token = try await TestToken { $0.claims["exp"] = nil }.signed()
        #expect(await refusal(token, by: try await verifier()) == .missingExpiry)
    }

    @Test("a token is valid from the moment of its nbf")
    func notBefore() async throws {
        let token = try await TestToken { $0.claims["nbf"] = TestToken.seconds }.signed()
        let verifier = try await verifier()
        #expect(await refusal(token, by: verifier, at: now - 1) == .notYetValid)
        #expect(await refusal(token, by: verifier, at: now) == nil)
    }

    @Test("an exp that is no number is refused")
    func expiryOfWrongType() async throws {
        let token = try await TestToken { $0.claims["exp"] = "tomorrow" }.signed()
        #expect(await refusal(token, by: try await verifier()) == .malformed)
    }

    @Test("the issuer must be the expected one", arguments: [("school", true), ("other", false), (nil, false)] as [(String?, Bool)])
    func issuer(issuer: String?, isAccepted: Bool) async throws {
        let token = try await TestToken { $0.claims["iss"] = issuer }.signed()
        #expect(await refusal(token, by: try await verifier(issuer: "school")) == (isAccepted ? nil : .wrongIssuer))
    }

    @Test("the audience must be among the token's")
    func audience() async throws {
        let verifier = try await verifier(audience: "dunlin")
        for (audience, isAccepted) in [("dunlin" as Any, true), (["x", "dunlin"], true), (["x"], false), ("x", false)] {
            let token = try await TestToken { $0.claims["aud"] = audience }.signed()
            #expect(await refusal(token, by: verifier) == (isAccepted ? nil : .wrongAudience))
        }
        #expect(await refusal(try await TestToken().signed(), by: verifier) == .wrongAudience)
    }

    @Test("a token for an audience is refused by a server that is told none")
    func unexpectedAudience() async throws {
        let token = try await TestToken { $0.claims["aud"] = "somebody else" }.signed()
        #expect(await refusal(token, by: try await verifier()) == .wrongAudience)
    }

    @Test("alg none is refused, signed or not", arguments: ["none", "None", "NONE", ""])
    func algorithmNone(name: String) async throws {
        let token = TestToken { $0.header["alg"] = name }
        let verifier = try await verifier()
        #expect(await refusal(try await token.signed(), by: verifier) == .wrongAlgorithm)
        #expect(await refusal(try token.unsigned(), by: verifier) == .malformed)
    }

    @Test("another HMAC than the pinned one is refused", arguments: ["HS384", "HS512", "hs256", "RS256", "ES256"])
    func otherAlgorithm(name: String) async throws {
        let token = try await TestToken { $0.header["alg"] = name }.signed()
        #expect(await refusal(token, by: try await verifier()) == .wrongAlgorithm)
    }

    @Test("a public key does not serve as a secret")
    func keyConfusion() async throws {
        let key = ES256PrivateKey()
        let pem = key.publicKey.pemRepresentation
        let verifier = try await JWTVerifier(JWTConfiguration(key: .ecdsaPublicKey(pem: pem)))
        for secret in [pem, pem + "\n"] {
            #expect(await refusal(try await TestToken().signed(secret: Array(secret.utf8)), by: verifier) == .wrongAlgorithm)
            let disguised = TestToken { $0.header["alg"] = "ES256" }
            #expect(await refusal(try await disguised.signed(secret: Array(secret.utf8)), by: verifier) == .badSignature)
        }
    }

    @Test("ES256 is verified with the public key")
    func ecdsa() async throws {
        let key = ES256PrivateKey()
        let verifier = try await JWTVerifier(JWTConfiguration(key: .ecdsaPublicKey(pem: key.publicKey.pemRepresentation)))
        let token = TestToken { $0.header["alg"] = "ES256" }
        #expect(await refusal(try await token.signed(with: key), by: verifier) == nil)
        #expect(await refusal(try await token.signed(with: ES256PrivateKey()), by: verifier) == .badSignature)
    }

    @Test("a signature by another secret, and a changed claim, are refused")
    func badSignature() async throws {
        let verifier = try await verifier()
        #expect(await refusal(try await TestToken().signed(secret: Array("another".utf8)), by: verifier) == .badSignature)
        let signed = try await TestToken().signed().split(separator: ".")
        let other = try await TestToken { $0.claims["sub"] = "eve" }.signed().split(separator: ".")
        #expect(await refusal("\(signed[0]).\(other[1]).\(signed[2])", by: verifier) == .badSignature)
    }

    @Test("a header that lists critical extensions is refused")
    func criticalHeader() async throws {
        let token = try await TestToken { $0.header["crit"] = ["b64"] }.signed()
        #expect(await refusal(token, by: try await verifier()) == .criticalHeader)
    }

    @Test(
        "what is no token is refused",
        arguments: ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "eyJhbGciOiJIUzI1NiJ9.!.x", "eyJhbGciOiJIUzI1NiJ9=.e30.e30"])
    func malformed(token: String) async throws {
        #expect(await refusal(token, by: try await verifier()) == .malformed)
    }

    @Test("a token of the greatest length is looked at, a longer one is not")
    func length() async throws {
        let verifier = try await verifier()
        #expect(await refusal(String(repeating: "a", count: TokenLimits.maximumBytes), by: verifier) == .malformed)
        #expect(await refusal(String(repeating: "a", count: TokenLimits.maximumBytes + 1), by: verifier) == .tooLong)
    }

    @Test("the subject must be there and no longer than a user id may be", arguments: [("", false), ("s128", true), ("s129", false)])
    func subject(name: String, isAccepted: Bool) async throws {
        let subject = name.isEmpty ? "" : String(repeating: "x", count: name == "s128" ? 128 : 129)
        let token = try await TestToken { $0.claims["sub"] = subject }.signed()
        #expect(await refusal(token, by: try await verifier()) == (isAccepted ? nil : .badSubject))
        let without = try await TestToken { $0.claims["sub"] = nil }.signed()
        #expect(await refusal(without, by: try await verifier()) == .badSubject)
    }

    @Test("a role that is not known is refused")
    func unknownRole() async throws {
        let token = try await TestToken { $0.claims["role"] = "headmaster" }.signed()
        #expect(await refusal(token, by: try await verifier()) == .unknownRole)
    }

    @Test(
        "a key that is no P-256 public key is refused at start",
        arguments: ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
    func badKey(pem: String) async {
        await #expect(throws: StartupError.self) { try await JWTVerifier(JWTConfiguration(key: .ecdsaPublicKey(pem: pem))) }
    }

    @Test("who authenticates by JWT is told nothing about why a token is refused")
    func authentication() async throws {
        let time = now
        let authentication = JWTAuthentication(verifier: try await verifier(), now: { time })
        #expect(try await authentication.verifyToken(try await TestToken().signed())?.id == "ann")
        #expect(try await authentication.verifyToken("nonsense") == nil)
    }
}
