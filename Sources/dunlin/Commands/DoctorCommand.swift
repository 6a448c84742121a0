import ArgumentParser
import ClassroomServer

/// `dunlin doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what a deployment lacks.",
        discussion: """
            Takes the options of 'dunlin serve', and looks at the database, Redis,
            the clocks, the port, descriptors, origins and TLS. Each line begins
            with ok, advice or fault; with a fault the exit status is 69.

            Examples:
              dunlin doctor
              dunlin doctor --hostname 0.0.0.0 --redis redis://localhost
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let configuration = try options.configuration(Environment())
        let findings = await Doctor(configuration: configuration, now: { SystemClock().now }).examine()
        let width = findings.map(\.part.count).max() ?? 0
        for finding in findings {
            let verdict = finding.verdict.rawValue.padded(to: 8)
            Terminal.print("\(verdict)\(finding.part.padded(to: width + 2))\(finding.text)")
        }
        if findings.contains(where: { $0.verdict == .fault }) { throw ExitCode(ExitReason.unavailable.rawValue) }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
