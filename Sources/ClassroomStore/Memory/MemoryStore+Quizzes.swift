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
            tables.quizzes[quiz.id] = quiz
            return true
        }
    }

    public func save(_ quiz: Quiz) async throws { try await write { $0.quizzes[quiz.id] = quiz } }

    public func deleteQuiz(id: String) async throws -> Bool { try await write { $0.quizzes.removeValue(forKey: id) != nil } }
}
