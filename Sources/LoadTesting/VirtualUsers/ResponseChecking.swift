import NIOCore
import JSONCore
import SocketIOCore

/// An answer in the form that checks read.
struct Answer {
    /// The arguments of an event or an acknowledgement as an array, or a message's or body's JSON.
    let value: ScriptValue
    /// The text that regular expressions search.
    let text: String
    /// Socket.IO: paths begin at the list of arguments, as in Artillery.
    let isArguments: Bool
    var status: Int?
    var headers: [HTTPField] = []

    /// The arguments of an event (without its name) or of an acknowledgement.
    init(arguments: Arguments) {
        value = .array(arguments.all.map(ScriptValue.init))
        text = arguments.packet.withArguments { String(decoding: $0, as: UTF8.self) }
        isArguments = true
    }

    init(message: ByteBuffer) {
        text = String(buffer: message)
        value = (try? JSONSlice(validating: message)).map(ScriptValue.init) ?? .string(text)
        isArguments = false
    }

    init(response: HTTPResponseValue) {
        self.init(message: response.body)
        status = response.status
        headers = response.headers
    }

    /// Artillery's paths begin at the arguments: `$.0.ok`. A path that begins with a member's name cannot mean a list, so it is read from
    /// the first argument.
    func find(_ path: JSONPath) -> ScriptValue? {
        if isArguments, path.beginsWithMember, case .array(let arguments) = value {
            return arguments.first.flatMap { path.first(in: $0) }
        }
        return path.first(in: value)
    }

    func extract(_ extraction: Extraction) -> ScriptValue? {
        switch extraction {
        case .json(let path): find(path)
        case .pattern(let pattern, let group): Pattern(pattern)?.firstMatch(in: text, group: group).map(ScriptValue.string)
        case .header(let name): headers.first { $0.name.lowercased() == name }.map { .string($0.value) }
        }
    }
}

/// The result of checking an answer.
struct CheckResult: Equatable {
    /// Ends the user.
    var failure: String?
    /// Counted; the user goes on.
    var softFailures: [String] = []
    var expectationsMet = 0
    var failedExpectations: [String] = []
}

extension ResponseCheck {
    /// Checks and captures. Captured values are written into the scope.
    func evaluate(_ answer: Answer, in scope: inout VariableScope) -> CheckResult {
        var result = CheckResult()
        if let data {
            let expected = data.value(in: &scope)
            if !Self.data(expected, fits: answer) { result.failure = "data is not valid" }
        }
        for match in matches where !match.isMet(by: answer, in: &scope) {
            if match.isStrict { result.failure = result.failure ?? "failed match" } else { result.softFailures.append("failed match") }
        }
        for capture in captures {
            if let value = answer.extract(capture.extraction) {
                scope.slots[capture.slot] = value
            } else if capture.isStrict {
                result.failure = result.failure ?? "failed capture"
            } else {
                scope.slots[capture.slot] = .null
                result.softFailures.append("failed capture")
            }
        }
        for expectation in expectations {
            if expectation.isMet(by: answer, in: &scope) {
                result.expectationsMet += 1
            } else {
                result.failedExpectations.append(expectation.name)
            }
        }
        return result
    }

    /// A list must equal all arguments, a mapping the last one; a string must occur in one; anything else must equal the first.
    static func data(_ expected: ScriptValue, fits answer: Answer) -> Bool {
        guard answer.isArguments, case .array(let arguments) = answer.value else { return expected.matches(answer.value) }
        switch expected {
        case .array: return expected.matches(answer.value) || (arguments.count == 1 && expected.matches(arguments[0]))
        case .object: return arguments.last.map { expected.matches($0) } ?? false
        case .string(let text): return arguments.contains { $0.text.contains(text) }
        default: return arguments.first.map { expected.matches($0) } ?? false
        }
    }
}

extension ResponseMatch {
    func isMet(by answer: Answer, in scope: inout VariableScope) -> Bool {
        let expected = value.value(in: &scope)
        guard let found = answer.extract(extraction) else { return expected == .null }
        return found.matches(expected)
    }
}

extension Expectation {
    func isMet(by answer: Answer, in scope: inout VariableScope) -> Bool {
        switch self {
        case .statusCode(let codes, let isNegated):
            let status = ScriptValue.int(answer.status ?? 0)
            var found = false
            for code in codes where code.value(in: &scope).matches(status) { found = true }
            return found != isNegated
        case .contentType(let template):
            let wanted = template.text(in: &scope).lowercased()
            let found = answer.headers.first { $0.name.lowercased() == "content-type" }?.value.lowercased() ?? ""
            // "json" stands for application/json and similar types.
            return wanted == "json" ? found.contains("json") : found.hasPrefix(wanted)
        case .hasHeader(let template):
            let name = template.text(in: &scope).lowercased()
            return answer.headers.contains { $0.name.lowercased() == name }
        case .headerEquals(let template, let value):
            let name = template.text(in: &scope).lowercased()
            let wanted = value.text(in: &scope)
            return answer.headers.contains { $0.name.lowercased() == name && $0.value == wanted }
        case .hasProperty(let template, let isNegated):
            guard let path = try? JSONPath(template.text(in: &scope)) else { return false }
            return (answer.find(path) != nil) != isNegated
        case .equals(let templates, let isNegated):
            var values: [ScriptValue] = []
            for template in templates { values.append(template.value(in: &scope)) }
            return values.dropFirst().allSatisfy { $0.matches(values[0]) } != isNegated
        case .json(let path, let template):
            let wanted = template.value(in: &scope)
            return answer.find(path).map { $0.matches(wanted) } ?? (wanted == .null)
        case .pattern(let pattern): return Pattern(pattern)?.firstMatch(in: answer.text, group: 0) != nil
        }
    }
}
