public import Classroom

extension MemoryStore {
    public func quiz(id: String) async throws -> Quiz? { try read { $0.quizzes[id] } }

    public func quizzes(createdBy: String?) async throws -> [Quiz] {
        try read { tables in
            tables.quizzes.values.filter { createdBy == nil || $0.createdBy == createdBy }.sorted { ($0.title, $0.id) < ($1.title, $1.id) }
        }
    }

    public func create(_ quiz: Quiz) async throws {
        try await write { tables in
            guard tables.quizzes[quiz.id] == nil else { throw ClassroomError.quizExists }
            tables.quizzes[quiz.id] = quiz
        }
    }

    public func replace(_ quiz: Quiz) async throws -> Bool {
        try await write { tables in
            guard tables.quizzes[quiz.id]?.createdBy == quiz.createdBy else { return false }
            tables.keepBeforeChange(quiz.id)
            tables.quizzes[quiz.id] = quiz
            return true
        }
    }

    public func save(_ quiz: Quiz) async throws {
        try await write { tables in
            tables.keepBeforeChange(quiz.id)
            tables.quizzes[quiz.id] = quiz
        }
    }

    public func deleteQuiz(id: String) async throws -> Bool {
        try await write { tables in
            tables.keepBeforeChange(id)
            return tables.quizzes.removeValue(forKey: id) != nil
        }
    }

    public func keep(
        _ quiz: Quiz, sessionID: String, sessionCreatedAt: UnixMilliseconds?,
        completion: @escaping @Sendable (Result<Bool, ClassroomError>) -> Void
    ) {
        write({ $0.keep(quiz, sessionID, sessionCreatedAt) }, completion: completion)
    }

    public func playedQuiz(sessionID: String) async throws -> Quiz? { try read { $0.playedQuiz(sessionID) } }

    public func sessionTitles(_ sessionIDs: [String]) async throws -> [String: String] {
        try read { tables in
            var titles: [String: String] = [:]
            for id in sessionIDs {
                guard let session = tables.sessions[id] else { continue }
                titles[id] = tables.playedQuiz(id)?.title ?? tables.quizzes[session.record.quizID]?.title
            }
            return titles
        }
    }
}
