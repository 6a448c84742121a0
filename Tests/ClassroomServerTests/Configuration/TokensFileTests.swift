import Classroom
import ClassroomServer
import ClassroomStore
import Testing

@Suite("Tokens file")
struct TokensFileTests {
    private func file(_ json: String) throws -> TokensFile { try TokensFile(json: json.utf8) }

    private func problem(_ json: String) -> String? {
        do throws(StartupError) {
            _ = try TokensFile(json: json.utf8)
            return nil
        } catch {
            return error.kind == .invalidFile ? error.description : "another kind of error"
        }
    }

    @Test("a string names a user, an object declares one")
    func holders() throws {
        let file = try file(
            """
            {"instructor_token": {"id": "instructor1", "username": "teacher1", "email": "t@x", "role": "instructor",
             "permissions": ["quiz:create", "quiz:manage"]}, "student1_token": "user1"}
            """)
        let teacher = UserChange(
            id: "instructor1", username: "teacher1", email: "t@x", role: .instructor, permissions: [.createQuizzes, .manageQuizzes])
        #expect(file.holders == ["instructor_token": .declared(teacher), "student1_token": .existing(id: "user1")])
    }

    @Test("a declared user who is new has the name of the id and is a student unless the file says otherwise")
    func defaults() async throws {
        let file = try file(#"{"t": {"id": "u"}}"#)
        #expect(file.holders == ["t": .declared(UserChange(id: "u"))])
        let store = MemoryStore()
        try await file.load(into: store, now: 5)
        #expect(try await store.user(id: "u") == User(id: "u", username: "u", role: .student))
    }

    @Test("loading creates declared users and leaves the others to the database")
    func load() async throws {
        let store = MemoryStore()
        let authentication = StoredTokenAuthentication(store: store, now: { 10 })
        try await file(#"{"a": {"id": "ann"}, "b": "ben"}"#).load(into: store, now: 5)
        #expect(try await authentication.verifyToken("a")?.id == "ann")
        #expect(try await authentication.verifyToken("b") == nil)
        try await store.save(User(id: "ben", username: "Ben"))
        #expect(try await authentication.verifyToken("b")?.username == "Ben")
    }

    @Test("loading again updates a declared user")
    func reload() async throws {
        let store = MemoryStore()
        try await file(#"{"a": {"id": "ann", "username": "Ann"}}"#).load(into: store, now: 5)
        try await file(#"{"a": {"id": "ann", "username": "Anna"}}"#).load(into: store, now: 6)
        #expect(try await store.user(id: "ann")?.username == "Anna")
    }

    @Test("a file of a thousand people is one commit, whether they are new or not")
    func oneCommit() async throws {
        let store = MemoryStore()
        let people = (0..<1_000).map { #""token\#($0)": {"id": "user\#($0)", "username": "User \#($0)"}"# }
        let file = try file("{\(people.joined(separator: ","))}")
        for round in 1...2 {
            let before = store.statistics
            try await file.load(into: store, now: 5)
            #expect(store.statistics.commits == before.commits + 1, "round \(round)")
        }
        #expect(try await store.countUsers() == 1_000)
        #expect(try await StoredTokenAuthentication(store: store, now: { 10 }).verifyToken("token999")?.username == "User 999")
    }

    @Test("what the file leaves out stays as the database has it; a role brings its permissions")
    func partialUpdate() async throws {
        let store = MemoryStore()
        let teacher = User(id: "ann", username: "Ann", email: "a@x", role: .instructor, permissions: [.createQuizzes])
        try await store.save(teacher)
        try await file(#"{"a": {"id": "ann"}}"#).load(into: store, now: 5)
        #expect(try await store.user(id: "ann") == teacher)
        try await file(#"{"a": {"id": "ann", "username": "Anna"}}"#).load(into: store, now: 5)
        #expect(try await store.user(id: "ann")?.username == "Anna")
        #expect(try await store.user(id: "ann")?.permissions == [.createQuizzes])
        try await file(#"{"a": {"id": "ann", "role": "student"}}"#).load(into: store, now: 5)
        #expect(
            try await store.user(id: "ann")
                == User(id: "ann", username: "Anna", email: "a@x", role: .student, permissions: [.participate]))
        try await file(#"{"a": {"id": "ann", "permissions": ["quiz:manage"]}}"#).load(into: store, now: 5)
        #expect(try await store.user(id: "ann")?.permissions == [.manageQuizzes])
    }

    @Test(
        "a wrong file is refused with a reason and without its tokens",
        arguments: [
            ("", "not JSON"), ("[]", "must be a JSON object"), (#"{"secret": 5}"#, "a token's value"), (#"{"secret": {}}"#, "no 'id'"),
            (#"{"secret": {"id": 7}}"#, "'id' of a user"), (#"{"secret": {"id": "u", "permissions": [1]}}"#, "wrong type"),
            (#"{"secret": {"id": "u", "role": "king"}}"#, "unknown role"), (#"{"": "u"}"#, "a token has 1 to"),
            (#"{"secret": ""}"#, "user id"), (#"{"secret": "system"}"#, "'system': it is reserved"),
            (#"{"secret": {"id": "guest-1"}}"#, "'guest-1': it is reserved"), ("{\"secret\": \"Rene\u{301}\"}", "composed form (NFC)"),
            (#"{"secret": {"id": "u"}, "other": {"id": "u", "username": "x"}}"#, "declared twice"),
        ])
    func wrong(json: String, reason: String) throws {
        let problem = try #require(self.problem(json))
        #expect(problem.contains(reason), "\(problem)")
        #expect(!problem.contains("secret"))
        #expect(!problem.contains("\n"))
    }

    @Test("a file that is not there is a missing file")
    func missing() {
        #expect { try TokensFile(path: "/nowhere/tokens.json") } throws: { ($0 as? StartupError)?.kind == .missingFile }
    }
}
