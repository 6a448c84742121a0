import Classroom
import ClassroomLive
import ClassroomStore
import Testing

@Suite("Stored tokens")
struct StoredTokenAuthenticationTests {
    private let store = MemoryStore()
    private let ann = User(id: "ann", username: "Ann", role: .instructor)

    private func authentication(at now: UnixMilliseconds = 1_000) -> StoredTokenAuthentication {
        StoredTokenAuthentication(store: store, now: { now })
    }

    @Test("a token names its user")
    func known() async throws {
        try await store.save(ann)
        try await store.createToken(hash: TokenHash.sha256Hex("secret"), userID: "ann", expiresAt: nil, createdAt: 0)
        #expect(try await authentication().verifyToken("secret") == ann)
        #expect(try await authentication().verifyToken("Secret") == nil)
    }

    @Test("the hash of a token is no token")
    func hash() async throws {
        try await store.save(ann)
        let hash = TokenHash.sha256Hex("secret")
        try await store.createToken(hash: hash, userID: "ann", expiresAt: nil, createdAt: 0)
        #expect(try await authentication().verifyToken(hash) == nil)
    }

    @Test("a token is valid until the moment at which it expires and not at it")
    func expiry() async throws {
        try await store.save(ann)
        try await store.createToken(hash: TokenHash.sha256Hex("secret"), userID: "ann", expiresAt: 2_000, createdAt: 0)
        #expect(try await authentication(at: 1_999).verifyToken("secret") == ann)
        #expect(try await authentication(at: 2_000).verifyToken("secret") == nil)
    }

    @Test("a revoked token is unknown")
    func revoked() async throws {
        try await store.save(ann)
        try await store.createToken(hash: TokenHash.sha256Hex("secret"), userID: "ann", expiresAt: nil, createdAt: 0)
        #expect(try await store.revokeToken(hash: TokenHash.sha256Hex("secret")))
        #expect(try await authentication().verifyToken("secret") == nil)
    }

    @Test("a token of the maximum length is looked up, a longer one is not")
    func length() async throws {
        try await store.save(ann)
        let longest = String(repeating: "t", count: TokenLimits.maximumBytes)
        for token in [longest, longest + "t", ""] {
            try await store.createToken(hash: TokenHash.sha256Hex(token), userID: "ann", expiresAt: nil, createdAt: 0)
        }
        #expect(try await authentication().verifyToken(longest) == ann)
        #expect(try await authentication().verifyToken(longest + "t") == nil)
        #expect(try await authentication().verifyToken("") == nil)
    }

    @Test("permissions decide what a user may do, and not the role")
    func permissions() {
        let stripped = User(id: "x", username: "x", role: .instructor, permissions: [.participate])
        #expect(authentication().hasPermission(ann, .createQuizzes))
        #expect(!authentication().hasPermission(stripped, .createQuizzes))
    }

    @Test("the first of several services that knows a token decides")
    func composite() async throws {
        struct Fixed: AuthenticationService {
            let users: [String: User]
            func verifyToken(_ token: String) async throws -> User? { users[token] }
        }
        let ben = User(id: "ben", username: "Ben")
        let composite = CompositeAuthentication([Fixed(users: ["a": ann]), Fixed(users: ["a": ben, "b": ben])])
        #expect(try await composite.verifyToken("a") == ann)
        #expect(try await composite.verifyToken("b") == ben)
        #expect(try await composite.verifyToken("c") == nil)
    }

    @Test("a generated token is 32 random bytes in base64url and never starts like an option")
    func generated() {
        let tokens = Set((0..<100).map { _ in OpaqueToken.generate() })
        #expect(tokens.count == 100)
        for token in tokens {
            #expect(token.hasPrefix("dunlin_"))
            #expect(token.count == 7 + 43)
            #expect(token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        }
    }
}
