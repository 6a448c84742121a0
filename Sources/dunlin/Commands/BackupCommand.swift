import ArgumentParser
import ClassroomStore

/// `dunlin backup`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database, also while the server runs.",
        discussion: """
            The copy is one file with all that was committed when it was begun.
            It must not exist yet, and is readable by its owner only.

            Examples:
              dunlin backup monday.sqlite
              dunlin backup monday.sqlite --database sqlite:school.sqlite
            """)

    @Argument(help: "The file to write.")
    var file: String

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        guard !file.isEmpty else { throw ValidationError("the file to write has no name") }
    }

    func run() async throws {
        try DatabaseBackup.make(of: database.url(Environment()), to: file)
        Terminal.print("copied to \(file)")
    }
}
