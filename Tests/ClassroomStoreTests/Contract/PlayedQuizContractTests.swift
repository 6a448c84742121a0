import Classroom
import ClassroomStore
import Testing

@Suite("Store contract: what was played stays", .serialized)
struct PlayedQuizContractTests {
    private func quiz(_ title: String, _ question: String) -> Quiz {
        Quiz(
            id: "quiz1", title: title, questions: [Question(id: "q1", question: question, options: ["a", "b"], correctAnswer: .index(1))],
            createdBy: "instructor1")
    }

    private func keep(_ quiz: Quiz, _ session: SessionRecord, in store: any ClassroomStore) async -> Bool? {
        await withCheckedContinuation { continuation in
            store.keep(quiz, sessionID: session.id, fence: SessionFence(session)) { continuation.resume(returning: try? $0.get()) }
        }
    }

    @Test("a session's own copy outlives edits and the deletion of the library's quiz", arguments: Backend.allCases)
    func copy(backend: Backend) async throws {
        try await backend.withStore { store in
            let france = quiz("France", "Capital?")
            try await store.save(france)
            var session = SessionRecord.sample()
            try await store.createSession(session)
            #expect(try await store.quiz(of: session) == france)
            #expect(await keep(france, session, in: store) == true)
            session.status = .active
            _ = try await store.update(session)
            try await store.save(quiz("Italy", "Largest city?"))
            #expect(try await store.playedQuiz(sessionID: "s1") == france)
            #expect(try await store.sessionTitles(["s1", "nobody"]) == ["s1": "France"])
            _ = try await store.deleteQuiz(id: "quiz1")
            #expect(try await store.quiz(of: session) == france)
            #expect(try await store.sessionTitles(["s1"]) == ["s1": "France"])
        }
    }

    @Test("before the start the library's quiz is the one that will be played", arguments: Backend.allCases)
    func waiting(backend: Backend) async throws {
        try await backend.withStore { store in
            try await store.save(quiz("France", "Capital?"))
            let session = SessionRecord.sample()
            try await store.createSession(session)
            try await store.save(quiz("Italy", "Largest city?"))
            #expect(try await store.playedQuiz(sessionID: "s1") == nil)
            #expect(try await store.quiz(of: session)?.title == "Italy")
            #expect(try await store.sessionTitles(["s1"]) == ["s1": "Italy"])
        }
    }

    @Test("a session that was stored as running gets its copy when the quiz first changes", arguments: Backend.allCases)
    func storedRunning(backend: Backend) async throws {
        try await backend.withStore { store in
            let france = quiz("France", "Capital?")
            try await store.save(france)
            try await store.createSession(.sample(status: .ended))
            try await store.save(quiz("Italy", "Largest city?"))
            #expect(try await store.replace(quiz("Spain", "Longest river?")))
            #expect(try await store.playedQuiz(sessionID: "s1") == france)
            try await store.createSession(.sample("s2", status: .active))
            _ = try await store.deleteQuiz(id: "quiz1")
            #expect(try await store.playedQuiz(sessionID: "s1")?.title == "France")
            #expect(try await store.playedQuiz(sessionID: "s2")?.title == "Spain")
        }
    }

    @Test("somebody else's quiz that has taken the id of one that is gone is not what was played", arguments: Backend.allCases)
    func somebodyElses(backend: Backend) async throws {
        try await backend.withStore { store in
            var session = SessionRecord.sample(status: .ended)
            session.createdBy = "bob"
            try await store.createSession(session)
            var waiting = SessionRecord.sample("s2")
            waiting.createdBy = "bob"
            try await store.createSession(waiting)
            var anybodys = SessionRecord.sample("s3")
            anybodys.createdBy = ""
            try await store.createSession(anybodys)
            try await store.create(quiz("Secret", "Answer?"))
            #expect(try await store.sessionTitles(["s1", "s2", "s3"]) == ["s3": "Secret"])
            for one in [session, waiting] { #expect(try await store.quiz(of: one) == nil) }
            #expect(try await store.quiz(of: anybodys)?.title == "Secret")
            #expect(try await store.replace(quiz("Still secret", "Answer?")))
            _ = try await store.deleteQuiz(id: "quiz1")
            #expect(try await store.playedQuiz(sessionID: "s1") == nil)
        }
    }

    @Test("a copy belongs to one session, not to the next of the same id", arguments: Backend.allCases)
    func incarnations(backend: Backend) async throws {
        try await backend.withStore { store in
            let france = quiz("France", "Capital?")
            let first = SessionRecord.sample(status: .active)
            #expect(await keep(france, first, in: store) == false, "there is no such session")
            try await store.createSession(first)
            #expect(await keep(france, first, in: store) == true)
            _ = try await store.deleteSession(id: "s1")
            try await store.createSession(.sample(status: .active, createdAt: 2_000))
            #expect(try await store.playedQuiz(sessionID: "s1") == nil)
            #expect(await keep(france, first, in: store) == false, "it is another session")
        }
    }

    @Test("a lock and the mark of a browser come back", arguments: Backend.allCases)
    func lockAndDevice(backend: Backend) async throws {
        try await backend.withStore { store in
            var session = SessionRecord.sample()
            try await store.createSession(session)
            session.isLocked = true
            _ = try await store.update(session)
            #expect(try await store.session(id: "s1") == session)
            var participant = ParticipantRecord.sample("user1")
            participant.device = "browser1"
            _ = try await store.save(participant)
            #expect(try await store.participants(sessionID: "s1") == [participant])
        }
    }
}
