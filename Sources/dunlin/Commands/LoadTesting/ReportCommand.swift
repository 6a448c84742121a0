import ArgumentParser
import Foundation
import LoadTesting

/// `dunlin report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show the JSON report of a load test, or compare two.",
        discussion: """
            Reads reports of 'dunlin run -o' and of Artillery 2. With two reports it
            prints how the first differs from the second; '!' marks worse values.

            Examples:
              dunlin report run.json
              dunlin report run.json --html run.html
              dunlin report today.json yesterday.json --html comparison.html
            """)

    @Argument(help: ArgumentHelp("The report.", valueName: "report.json"))
    var file: String

    @Argument(help: ArgumentHelp("A report to compare it with.", valueName: "other.json"))
    var other: String?

    @Option(help: ArgumentHelp("Write the report as one self-contained HTML file.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("Write the checks as JUnit XML.", valueName: "file"))
    var junit: String?

    func run() throws {
        let report = try Self.read(file)
        let second = try other.map(Self.read)
        if let second {
            Terminal.print(ReportComparison(report, second).text)
        } else {
            let ended = report.startedAtMilliseconds + Int64(report.seconds * 1000)
            Terminal.print(ConsoleReport.summary(report, at: Timestamp.clockOfDay(ended)))
        }
        if let html { try Self.write(HTMLReport.write(report, comparedWith: second), to: html) }
        if let junit { try Self.write(JUnitReport.write(report), to: junit) }
    }

    private static func read(_ file: String) throws -> RunReport {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(.noInput, "\(file) cannot be read")
        }
        do {
            return try JSONReport.read(String(decoding: data, as: UTF8.self))
        } catch {
            throw CommandFailure(.dataError, "\(file): \(error)")
        }
    }

    /// Writes a report. A file is replaced whole; a device or a pipe (`/dev/stdout`) stays what it is.
    static func write(_ text: String, to file: String) throws {
        try checkWritable(file)
        let isFile = (try? FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType) ?? .typeRegular == .typeRegular
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: isFile ? .atomic : [])
        } catch {
            throw CommandFailure(.cannotCreate, "cannot write \(file): \(error.localizedDescription)")
        }
    }

    /// Checks before a run whether its report can be written.
    ///
    /// - Throws: ``CommandFailure`` with the reason if the file cannot be written.
    static func checkWritable(_ file: String) throws {
        guard let reason = obstacle(toWriting: file) else { return }
        throw CommandFailure(.cannotCreate, "cannot write \(file.isEmpty ? "a file without a name" : file): \(reason)")
    }

    private static func obstacle(toWriting file: String) -> String? {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory), isDirectory.boolValue { return "it is a directory" }
        let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            return "there is no directory \(directory)"
        }
        return access(directory, W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno))
    }
}
