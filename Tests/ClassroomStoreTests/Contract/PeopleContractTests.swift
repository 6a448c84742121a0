import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: users, tokens, quizzes", .serialized)
struct PeopleContractTests {
    @Test("what has expired is deleted in batches: tokens, and guests without one; accounts stay", arguments: Backend.allCases)
    func deletionOfExpired(backend: Backend) async throws {
        try await backend.withStore { store in
            for number in 0..<5 {
                try await store.save(User(id: "g\(number)", username: "Guest", role: .guest))
                try await store.createToken(hash: "h\(number)", userID: "g\(number)", expiresAt: Int64(100 + number), createdAt: 0)
            }
            try await store.save(User(id: "ann", username: "Ann"))
            try await store.createToken(hash: "a", userID: "ann", expiresAt: 50, createdAt: 0)
            try await store.createToken(hash: "b", userID: "ann", expiresAt: nil, createdAt: 0)
            #expect(try await store.deleteExpired(now: 49, limit: 10) == 0)
            // The token of 50, those of 100 to 102, and the guests of these.
            var deleted = 0
            while true {
                let batch = try await store.deleteExpired(now: 102, limit: 2)
                #expect(batch <= 4)
                if batch == 0 { break }
                deleted += batch
            }
            #expect(deleted == 7)
            #expect(try await store.countUsers() == 3)
            #expect(try await store.user(forTokenHash: "h3", now: 102)?.id == "g3")
            #expect(try await store.user(forTokenHash: "b", now: 102)?.id == "ann")
        }
    }

    @Test("of those who create the same quiz at once one succeeds; a replacement is for the owner's own", arguments: Backend.allCases)
    func quizCreation(backend: Backend) async throws {
        try await backend.withStore { store in
            let created = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let quiz = Quiz(id: "q", title: "T\(number)", questions: [], createdBy: "u\(number)")
                        do { try await store.create(quiz) } catch { return error as? ClassroomError != .quizExists }
                        return true
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(created == 1)
            var quiz = try #require(try await store.quiz(id: "q"))
            quiz.title = "changed"
            #expect(try await store.replace(quiz))
            #expect(try await store.quiz(id: "q") == quiz)
            quiz.createdBy = "somebody else"
            #expect(try await !store.replace(quiz))
            #expect(try await store.quizzes(createdBy: "somebody else").isEmpty)
        }
    }

    @Test("a saved user is found by id and by name, and saving again replaces it", arguments: Backend.allCases)
    func users(backend: Backend) async throws {
        try await backend.withStore { store in
            var user = User(id: "user1", username: "student1", email: "student1@test.com", permissions: [.participate])
            try await store.save(user)
            #expect(try await store.user(id: "user1") == user)
            #expect(try await store.user(username: "student1") == user)
            user.role = .instructor
            user.permissions = [.manageQuizzes]
            user.email = nil
            try await store.save(user)
            #expect(try await store.user(id: "user1") == user)
            #expect(try await store.countUsers() == 1)
            #expect(try await store.user(id: "nobody") == nil)
            #expect(try await store.user(username: "nobody") == nil)
        }
    }

    @Test("of two users of one name the first by id is found", arguments: Backend.allCases)
    func sameName(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["b", "a", "c"] { try await store.save(User(id: id, username: "ann")) }
            #expect(try await store.user(username: "ann")?.id == "a")
        }
    }

    @Test("a user without any permission stays one", arguments: Backend.allCases)
    func noPermissions(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.save(User(id: "u", username: "u", role: .instructor, permissions: []))
            #expect(try await store.user(id: "u")?.permissions == [])
        }
    }

    @Test("a token names its user until it expires, to the millisecond", arguments: Backend.allCases)
    func expiry(backend: Backend) async throws {
        try await backend.withStore { store in
            let user = User(id: "user1", username: "student1")
            try await store.save(user)
            try await store.createToken(hash: "h1", userID: "user1", expiresAt: 100, createdAt: 1)
            try await store.createToken(hash: "h2", userID: "user1", expiresAt: nil, createdAt: 1)
            #expect(try await store.user(forTokenHash: "h1", now: 99) == user)
            #expect(try await store.user(forTokenHash: "h1", now: 100) == nil)
            #expect(try await store.user(forTokenHash: "h2", now: .max) == user)
            #expect(try await store.user(forTokenHash: "h3", now: 0) == nil)
        }
    }

    @Test("a token's user is looked up when it is used", arguments: Backend.allCases)
    func lateUser(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.createToken(hash: "h", userID: "later", expiresAt: nil, createdAt: 1)
            #expect(try await store.user(forTokenHash: "h", now: 2) == nil)
            try await store.save(User(id: "later", username: "ann"))
            #expect(try await store.user(forTokenHash: "h", now: 2)?.username == "ann")
        }
    }

    @Test("a token made again belongs to the new user", arguments: Backend.allCases)
    func replacedToken(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["a", "b"] {
                try await store.save(User(id: id, username: id))
                try await store.createToken(hash: "h", userID: id, expiresAt: nil, createdAt: 1)
            }
            #expect(try await store.user(forTokenHash: "h", now: 2)?.id == "b")
        }
    }

    @Test("tokens are revoked one by one or all of a user, and it is said how many there were", arguments: Backend.allCases)
    func revocation(backend: Backend) async throws {
        try await backend.withStore { store in
            for id in ["a", "b"] { try await store.save(User(id: id, username: id)) }
            for (hash, id) in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")] {
                try await store.createToken(hash: hash, userID: id, expiresAt: nil, createdAt: 1)
            }
            #expect(try await store.revokeToken(hash: "a1"))
            #expect(try await !store.revokeToken(hash: "a1"))
            #expect(try await store.revokeTokens(userID: "a") == 2)
            #expect(try await store.revokeTokens(userID: "a") == 0)
            #expect(try await store.user(forTokenHash: "a2", now: 2) == nil)
            #expect(try await store.user(forTokenHash: "b1", now: 2)?.id == "b")
        }
    }

    @Test("a quiz comes back as it was saved, with every kind of answer", arguments: Backend.allCases)
    func quizzes(backend: Backend) async throws {
        try await backend.withStore { store in
            let quiz = Quiz(
                id: "quiz1", title: "Über \"Zahlen\" 🐧",
                questions: [
                    Question(id: "q1", question: "What is 2 + 2?", options: ["3", "4", "5", "6"], correctAnswer: .index(1)),
                    Question(id: "x", question: "Capital of France?", options: [], correctAnswer: .text("Paris"), durationMs: 5_000),
                    Question(id: "y", question: "Even?", options: ["1", "2", "4"], correctAnswer: .list([.index(1), .index(2)])),
                ], createdBy: "instructor1")
            try await store.save(quiz)
            #expect(try await store.quiz(id: "quiz1") == quiz)
            #expect(try await store.quiz(id: "quiz2") == nil)
            #expect(try await store.quizOwner(id: "quiz1") == "instructor1")
            #expect(try await store.quizOwner(id: "quiz2") == nil)
            try await store.save(Quiz(id: "quiz3", title: "Nobody's", questions: [], createdBy: ""))
            #expect(try await store.quizOwner(id: "quiz3") == "")
            #expect(try await store.quizMemoryBytes(id: "quiz1") == quiz.memoryBytes)
            #expect(try await store.quizMemoryBytes(id: "quiz2") == nil)
            #expect(try await store.deleteQuiz(id: "quiz3"))
            var shorter = quiz
            shorter.questions.removeLast()
            try await store.save(shorter)
            #expect(try await store.quiz(id: "quiz1") == shorter)
            #expect(try await store.quizMemoryBytes(id: "quiz1") == shorter.memoryBytes)
            #expect(try await store.replace(quiz))
            #expect(try await store.quizMemoryBytes(id: "quiz1") == quiz.memoryBytes)
            #expect(try await store.replace(shorter))
            #expect(try await store.quizSummaries(createdBy: nil) == [QuizSummary(shorter)])
        }
    }

    @Test("quizzes are listed by title, all or an owner's, and deleted once", arguments: Backend.allCases)
    func quizList(backend: Backend) async throws {
        try await backend.withStore { store in
            for (id, title, owner) in [("1", "b", "ann"), ("2", "a", "ben"), ("3", "a", "ann")] {
                try await store.save(Quiz(id: id, title: title, questions: [], createdBy: owner))
            }
            #expect(try await store.quizzes(createdBy: nil).map(\.id) == ["2", "3", "1"])
            #expect(try await store.quizzes(createdBy: "ann").map(\.id) == ["3", "1"])
            let summaries = try await store.quizSummaries(createdBy: "ben")
            #expect(summaries == [QuizSummary(id: "2", title: "a", createdBy: "ben", questionCount: 0)])
            #expect(try await store.deleteQuiz(id: "3"))
            #expect(try await !store.deleteQuiz(id: "3"))
            #expect(try await store.quizzes(createdBy: "ann").map(\.id) == ["1"])
        }
    }

    @Test("a part of several owners' quizzes, one owner after the other", arguments: Backend.allCases)
    func quizPages(backend: Backend) async throws {
        try await backend.withStore { store in
            for (id, title, owner) in [("1", "b", "ann"), ("2", "a", "ben"), ("3", "a", "ann"), ("4", "c", ""), ("5", "z", "cyd")] {
                try await store.save(Quiz(id: id, title: title, questions: [], createdBy: owner))
            }
            let all = ["3", "1", "2", "4"]
            for offset in 0...5 {
                for limit in 0...5 {
                    let part = try await store.quizSummaries(owners: ["ann", "ben", ""], limit: limit, offset: offset)
                    #expect(part.map(\.id) == Array(all.dropFirst(offset).prefix(limit)), "\(limit) from \(offset)")
                }
            }
        }
    }

    @Test("of many tokens, those hold whose user exists and that are neither expired nor revoked", arguments: Backend.allCases)
    func validTokens(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.save(User(id: "ann", username: "Ann"))
            for (hash, user, expiry) in [("a", "ann", nil), ("b", "ann", 10), ("c", "ben", nil), ("d", "ann", nil)]
                as [(String, String, Int64?)]
            {
                try await store.createToken(hash: hash, userID: user, expiresAt: expiry, createdAt: 0)
            }
            #expect(try await store.revokeToken(hash: "d"))
            let hashes = ["a", "b", "c", "d", "e"] + (0..<2_000).map { "x\($0)" }
            #expect(try await store.validTokens(among: hashes, now: 9) == ["a", "b"])
            #expect(try await store.validTokens(among: hashes, now: 10) == ["a"])
            #expect(try await store.validTokens(among: [], now: 10) == [])
        }
    }

    @Test("many users and tokens are loaded in one commit; what a change leaves out stays", arguments: Backend.allCases)
    func load(backend: Backend) async throws {
        try await backend.withStore { store in
            let ann = User(id: "ann", username: "Ann", email: "a@x", role: .instructor, permissions: [.createQuizzes])
            try await store.save(ann)
            let before = store.statistics.commits
            try await store.load(
                users: [UserChange(id: "ann", username: "Anna"), UserChange(id: "ben", role: .instructor)],
                tokens: [
                    TokenRecord(hash: "a", userID: "ann", createdAt: 1), TokenRecord(hash: "b", userID: "ben", expiresAt: 10, createdAt: 1),
                ])
            #expect(store.statistics.commits == before + 1)
            var anna = ann
            anna.username = "Anna"
            #expect(try await store.user(forTokenHash: "a", now: 5) == anna)
            #expect(try await store.user(forTokenHash: "b", now: 5) == User(id: "ben", username: "ben", role: .instructor))
            #expect(try await store.user(forTokenHash: "b", now: 10) == nil)
        }
    }
}
