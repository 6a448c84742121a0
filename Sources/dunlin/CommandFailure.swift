import ArgumentParser
import Classroom
import ClassroomServer
import ClassroomStore
import Foundation

/// A reason to stop, with its exit status.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    let status: ExitReason
    let description: String

    init(_ status: ExitReason, _ description: String) {
        self.status = status
        self.description = description
    }

    /// The failure for any error.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as StartupError: self.init(ExitReason(error.kind), error.description)
        case let error as StoreError: self.init(StartupError(error))
        case let error as ClassroomError where error.code == .invalid: self.init(.dataError, error.message)
        case let error as ClassroomError where error.code == .unavailable: self.init(.unavailable, error.message)
        case let error as ClassroomError: self.init(.software, error.message)
        default: self.init(.software, "internal error (\(type(of: error)))")
        }
    }

    /// The description as one line. It may repeat what somebody typed in a wrong place, the URL of a database for instance: no password of a
    /// URL is in it.
    var line: String {
        let line = description.split(whereSeparator: \.isNewline).joined(separator: " ")
        var parts = line.components(separatedBy: "://")
        for index in parts.indices.dropFirst() {
            let url = parts[index].prefix { !$0.isWhitespace }
            parts[index] = Self.withoutPassword(String(url)) + String(parts[index][url.endIndex...])
        }
        return parts.joined(separator: "://")
    }

    /// What follows the scheme of a URL. The password stands before the host, or among the parameters, where libpq takes it too.
    private static func withoutPassword(_ url: String) -> String {
        // The quotation mark at the end is the message's own.
        let parameters = url.components(separatedBy: "&").map { parameter in
            guard let name = parameter.firstRange(of: "password=") else { return parameter }
            return String(parameter[..<name.upperBound]) + "***" + (parameter.hasSuffix("'") ? "'" : "")
        }
        // First the parameters: an at sign in one of them does not end a password before the host.
        var url = parameters.joined(separator: "&")
        if let at = url.lastIndex(of: "@"), let colon = url[..<at].firstIndex(of: ":") {
            url.replaceSubrange(url.index(after: colon)..<at, with: "***")
        }
        return url
    }

    /// Ends the process: help and version as they are, everything else as one line.
    static func exit(_ root: (some ParsableCommand).Type, with error: any Error) -> Never {
        if root.exitCode(for: error) == .success {
            guard let problem = CommandSuggestion.problemOfHelp(for: Array(CommandLine.arguments.dropFirst()), root: root) else {
                root.exit(withError: error)
            }
            Terminal.error("dunlin: \(CommandFailure(.usage, problem).line)")
            Terminal.end(status: ExitReason.usage.rawValue)
        }
        if let code = error as? ExitCode { root.exit(withError: code) }
        let failure = isFromParser(error, root) ? CommandFailure(.usage, usageMessage(error, root)) : CommandFailure(error)
        Terminal.error("dunlin: \(failure.line)")
        Terminal.end(status: failure.status.rawValue)
    }

    private static func usageMessage(_ error: any Error, _ root: (some ParsableCommand).Type) -> String {
        let message = root.message(for: error)
        let arguments = Array(CommandLine.arguments.dropFirst())
        let isBareOption = message.hasPrefix("Unknown option") && !message.contains("Did you mean")
        guard
            let suggestion = CommandSuggestion.sentence(for: arguments, root: root)
                ?? (isBareOption ? CommandSuggestion.sentence(forOption: arguments) : nil)
        else { return message }
        return "\(message); \(suggestion)"
    }

    /// The parser's own errors, and those of `validate()`, have the status of a wrong command line.
    static func isFromParser(_ error: any Error, _ root: (some ParsableCommand).Type) -> Bool {
        error is ValidationError || root.exitCode(for: error) == .validationFailure
    }
}
