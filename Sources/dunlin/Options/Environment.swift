import ArgumentParser
import Configuration
import Foundation

/// The environment's values for options: `--question-lead-in` is `DUNLIN_QUESTION_LEAD_IN`. An empty value counts as none.
struct Environment {
    private let reader: ConfigReader

    /// The environment of the process.
    init() { self.init(EnvironmentVariablesProvider()) }

    init(_ values: [String: String]) { self.init(EnvironmentVariablesProvider(environmentVariables: values)) }

    private init(_ provider: EnvironmentVariablesProvider) {
        reader = ConfigReader(provider: provider).scoped(to: "dunlin")
    }

    func string(_ option: String) -> String? {
        guard let value = reader.string(forKey: ConfigKey(option)), !value.isEmpty else { return nil }
        return value
    }

    // The reader ignores a number or a flag that it cannot parse; the user has to hear of such a mistake.

    func integer(_ option: String) throws -> Int? {
        guard let text = string(option) else { return nil }
        guard let value = Int(text) else { throw ValidationError("\(Self.name(of: option)) is not a number: '\(text)'") }
        return value
    }

    func flag(_ option: String) throws -> Bool {
        guard let text = string(option) else { return false }
        switch text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default: throw ValidationError("\(Self.name(of: option)) is neither true nor false: '\(text)'")
        }
    }

    /// Several values, separated by commas.
    func list(_ option: String) -> [String] {
        reader.stringArray(forKey: ConfigKey(option), default: []).filter { !$0.isEmpty }
    }

    /// The options that may come from the environment.
    static let options = [
        "hostname", "port", "database", "redis", "tokens", "demo", "allowed-origin", "public-url", "trusted-proxy", "jwt-secret-file",
        "jwt-public-key-file",
        "jwt-issuer", "jwt-audience", "tls-certificate", "tls-key", "question-lead-in", "question-duration", "log-level", "user",
        "username",
        "role", "expires", "format", "title", "owner",
    ]

    /// The variables that are most likely mistyped, each with the one that was meant.
    static func mistyped(_ variables: some Sequence<String> = ProcessInfo.processInfo.environment.keys) -> [(name: String, meant: String)] {
        let known = options.map(name(of:))
        return variables.sorted().compactMap { variable in
            guard variable.hasPrefix("DUNLIN_"), !known.contains(variable) else { return nil }
            // Without the common prefix, which would make any two of them alike.
            let suffix = String(variable.dropFirst(7)).lowercased()
            let meant = CommandSuggestion.nearest(to: suffix, among: options.map { $0.replacing("-", with: "_") })
            return meant.map { (variable, name(of: $0)) }
        }
    }

    static func name(of option: String) -> String {
        "DUNLIN_" + option.uppercased().replacing("-", with: "_")
    }
}
