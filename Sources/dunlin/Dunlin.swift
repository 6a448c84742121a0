import ArgumentParser
import ClassroomServer

/// `dunlin`: the real-time server with a live classroom.
@main
struct Dunlin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dunlin",
        abstract: "A real-time server with a live classroom: quizzes, chat, dashboards.",
        discussion: """
            Every option of the classroom's commands is also an environment variable,
            such as DUNLIN_QUESTION_LEAD_IN for --question-lead-in. The option wins.

            Examples:
              dunlin serve --demo
              dunlin serve --port 8080 --tokens tokens.json
              dunlin token create --user ada --role instructor
              dunlin import animals.txt --format opentriviaqa --owner ada
              dunlin backup monday.sqlite
              dunlin doctor --redis redis://localhost
              dunlin run load-test.yml -t http://127.0.0.1:3001 --html report.html
            """,
        version: DunlinVersion.current,
        subcommands: [
            ServeCommand.self, TokenCommand.self, ImportCommand.self, BackupCommand.self, DoctorCommand.self, RunCommand.self,
            WorkerCommand.self, JourneyCommand.self, CheckCommand.self, ReportCommand.self, InitCommand.self,
        ])

    /// Runs the command line. Every error ends with one line on standard error and an exit status from `sysexits.h`.
    static func main() async {
        do {
            var command = try Dunlin.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            CommandFailure.exit(Dunlin.self, with: error)
        }
    }
}

/// The version of the command, which reports of load tests record.
enum DunlinVersion {
    static let current = "0.1.0"
}
