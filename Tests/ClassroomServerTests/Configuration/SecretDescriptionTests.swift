import Classroom
import ClassroomStore
import Testing

@testable import ClassroomLive
@testable import ClassroomServer

@Suite("Who holds a secret describes itself without it")
struct SecretDescriptionTests {
    private static let secret = "s3cr3t-Zx9"

    /// Everything that holds the secret, and what encloses it.
    static var holders: [any Sendable] {
        let key = JWTKey.hmacSecret(Array(secret.utf8))
        let jwt = JWTConfiguration(key: key)
        let configuration = ClassroomConfiguration {
            $0.jwt = jwt
            $0.database = "postgres://user:\(secret)@host/name"
            $0.redis = "redis://:\(secret)@host"
        }
        let you = SessionSnapshot.You(userId: "u", username: "n", score: 0, correctAnswers: 0, rank: 1, token: secret)
        var snapshot = SessionSnapshot(sessionId: "s", title: "t", status: .waiting, phase: .waiting, questionCount: 1)
        snapshot.you = you
        return [
            key, JWTKey.ecdsaPublicKey(pem: secret), jwt, configuration, ClassroomApplication(configuration: configuration),
            TokenRecord(hash: secret, userID: "u", createdAt: 0), you, snapshot, SessionEvent.joined(snapshot),
            SessionReply(.joined(snapshot)),
            GuestAdmission(user: User(id: "g", username: "g"), token: secret, snapshot: snapshot),
            SignedIn(user: User(id: "u", username: "u"), token: secret), ClientRequest.Identity.token(secret),
            RequestLimits.Guess.token(secret),
            DemoClassroom.Access(instructorToken: secret, studentToken: secret, joinCode: secret),
            DemoLink(role: "host", url: "http://localhost/#token=\(secret)"),
        ]
    }

    @Test("neither printed nor dumped nor within something else", arguments: 0..<holders.count)
    func holder(index: Int) throws {
        let holder = Self.holders[index]
        let bytes = Array(Self.secret.utf8).map(String.init).joined(separator: ", ")
        for text in ["\(holder)", String(reflecting: holder), "\([holder])", "\((holder, 1))", Self.dumped(holder), Self.dumped([holder])] {
            #expect(!text.contains(Self.secret))
            #expect(!text.contains(bytes))
        }
    }

    @Test("a tokens file shows how many there are")
    func tokensFile() throws {
        let file = try TokensFile(json: Array(#"{"\#(Self.secret)": "user1"}"#.utf8))
        #expect("\(file)" == "TokensFile(1 tokens)")
        #expect(!Self.dumped(file).contains(Self.secret))
        #expect(!"\(ListeningAddress(hostname: "h", port: 1, isSecure: false))".contains(Self.secret))
    }

    private static func dumped(_ value: Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }
}
