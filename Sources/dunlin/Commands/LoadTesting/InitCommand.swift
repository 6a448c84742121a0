import ArgumentParser
import Foundation
import LoadTesting

/// `dunlin init`.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a first file to start from.", subcommands: [InitLoadCommand.self])
}

/// `dunlin init load`.
struct InitLoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Write a first load test script with comments.",
        discussion: """
            An existing file is never overwritten.

            Examples:
              dunlin init load
              dunlin init load chat.yml
            """)

    @Argument(help: ArgumentHelp("The file to write.", valueName: "file"))
    var file = "load-test.yml"

    func run() throws {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw CommandFailure(.cannotCreate, "\(file) already exists")
        }
        try ReportCommand.write(FirstScript.text, to: file)
        Terminal.print("wrote \(file); check it with: dunlin check \(file)")
    }
}
