import ArgumentParser
import Foundation

/// The environment's values for options: `--question-lead-in` is `DUNLIN_QUESTION_LEAD_IN`. An empty value counts as none.
struct Environment {
    let values: [String: String]

    init(_ values: [String: String] = ProcessInfo.processInfo.environment) {
        self.values = values
    }

    func string(_ option: String) -> String? {
        guard let value = values[Self.name(of: option)], !value.isEmpty else { return nil }
        return value
    }

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
        (string(option) ?? "").split(separator: ",").map { String($0.trimmingCharacters(in: .whitespaces)) }.filter { !$0.isEmpty }
    }

    static func name(of option: String) -> String {
        "DUNLIN_" + option.uppercased().replacing("-", with: "_")
    }
}
