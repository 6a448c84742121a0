import ArgumentParser
import Classroom
import ClassroomServer
import ClassroomStore
import Foundation

/// `dunlin import`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a quiz of a file of questions.",
        discussion: """
            A record that cannot be read is reported on standard error with its
            line; the rest is imported.

            Formats: opentriviaqa (#Q question, ^ correct answer, A, B, … choices).

            Examples:
              dunlin import animals.txt --format opentriviaqa --owner ada
              dunlin import animals.txt --format opentriviaqa --title "Animals"
            """)

    @Argument(help: "The file.")
    var file: String

    @Option(help: "The file's format: opentriviaqa.")
    var format: String?

    @Option(help: "The quiz's title (default: the file's name).")
    var title: String?

    @Option(help: ArgumentHelp("The user who owns the quiz (default: system, whose quizzes all instructors see).", valueName: "id"))
    var owner: String?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let environment = Environment()
        let format = try format(environment)
        let bytes = try ConfigurationFile.read(file)
        let owner = try owner(environment)
        let title = title ?? environment.string("title") ?? URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        let result: QuizImport
        do {
            result = try QuizImport(bytes, format: format, id: QuizImport.newQuizID(), title: title, owner: owner)
        } catch {
            for report in error.rejected { Terminal.error("\(file):\(report.line): \(report.reason)") }
            throw CommandFailure(.dataError, "\(file): \(error.message)")
        }
        for report in result.rejected { Terminal.error("\(file):\(report.line): \(report.reason)") }
        for note in result.notes { Terminal.error("\(file):\(note.line): note: \(note.reason)") }
        try await database.withStore(environment) { store in
            if try await store.user(id: owner) == nil { try await store.save(User(id: owner, username: owner, role: .instructor)) }
            try await store.save(result.quiz)
        }
        let count = result.quiz.questions.count
        Terminal.print(
            "imported \(count) \(count == 1 ? "question" : "questions"), rejected \(result.rejected.count), as quiz \(result.quiz.id) "
                + "(\(result.quiz.title))")
    }

    /// The quiz's owner, who becomes an account if there is none of that id.
    func owner(_ environment: Environment) throws -> String {
        let owner = owner ?? environment.string("owner") ?? ClassroomApplication.sharedOwner
        if owner != ClassroomApplication.sharedOwner { try User.checkAccountID(owner) }
        return owner
    }

    func format(_ environment: Environment) throws -> QuizImport.Format {
        let known = QuizImport.Format.allCases.map(\.rawValue).joined(separator: ", ")
        guard let name = format ?? environment.string("format") else {
            throw ValidationError("Missing expected argument '--format' (\(known))")
        }
        guard let format = QuizImport.Format(rawValue: name) else { throw ValidationError("not a format: '\(name)' (\(known))") }
        return format
    }
}
