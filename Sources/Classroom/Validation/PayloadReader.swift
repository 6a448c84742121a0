/// Reads the fields of one payload, and collects what is valid. A field that is null is absent; one that nobody reads is ignored.
struct PayloadReader {
    private let input: [String: Payload]
    private var output: [String: Payload] = [:]

    /// A missing or null payload is an empty one.
    init(_ payload: Payload) throws(ClassroomError) {
        switch payload {
        case .null: input = [:]
        case .object(let members): input = members
        default: throw ClassroomError(.invalid, "Validation error: the payload must be an object")
        }
    }

    var result: Payload { .object(output) }

    mutating func read(_ field: MessageSchema.Field) throws(ClassroomError) {
        switch field.rule {
        case .identifier: try identifier(field.name, isRequired: field.isRequired)
        case .name: try name(field.name, isRequired: field.isRequired)
        case .names(let maximumCount): try names(field.name, maximumCount: maximumCount)
        case .text(let maximumLength): try text(field.name, maximumLength: maximumLength, isRequired: field.isRequired)
        case .choice(let choices, let otherwise): try choice(field.name, of: choices, default: otherwise)
        case .number(let range): try number(field.name, in: range)
        case .flag: try flag(field.name)
        case .mark: mark(field.name)
        case .joinCode: try joinCode(field.name)
        case .answer: try answer(field.name)
        case .chatContent: try chatContent(field.name)
        case .settings: try settings(field.name)
        }
    }

    func has(_ name: String) -> Bool { output[name] != nil }

    /// The id of a room or a session: a UUID or up to 64 of `A-Z a-z 0-9 _ -`.
    private mutating func identifier(_ name: String, isRequired: Bool = false) throws(ClassroomError) {
        guard let text = try string(name, isRequired: isRequired) else { return }
        guard Identifier.isValid(text) else {
            throw invalid(name, "must be a UUID or 1 to 64 letters, digits, hyphens and underscores")
        }
        output[name] = .string(text)
    }

    /// Any other name: 1 to 128 characters that can be shown.
    private mutating func name(_ name: String, isRequired: Bool = false) throws(ClassroomError) {
        guard let text = try string(name, isRequired: isRequired) else { return }
        guard isName(text) else { throw invalid(name, "must be 1 to 128 characters without control characters, < and >") }
        output[name] = .string(text)
    }

    private mutating func names(_ name: String, maximumCount: Int) throws(ClassroomError) {
        guard let value = value(name) else { return }
        guard let elements = value.array, elements.count <= maximumCount else {
            throw invalid(name, "must be a list of at most \(maximumCount) names")
        }
        for element in elements {
            guard let text = element.string, isName(text) else { throw invalid(name, "must be a list of names") }
        }
        output[name] = value
    }

    private mutating func text(_ name: String, maximumLength: Int, isRequired: Bool) throws(ClassroomError) {
        guard let text = try string(name, isRequired: isRequired) else { return }
        guard text.utf8.count <= maximumLength else { throw invalid(name, "must be at most \(maximumLength) bytes long") }
        // SQLite ends a text at a NUL when it compares.
        guard !text.hasControlCharacters else { throw invalid(name, "must not contain control characters") }
        output[name] = .string(text)
    }

    private mutating func choice(_ name: String, of choices: [String], default: String) throws(ClassroomError) {
        let text = try string(name, isRequired: false) ?? `default`
        // Comparing strings normalises them, which takes quadratic time where one letter has many marks: only short ones are compared.
        guard text.utf8.count <= 64, choices.contains(text) else {
            throw invalid(name, "must be " + choices.map { "\"\($0)\"" }.joined(separator: " or "))
        }
        output[name] = .string(text)
    }

    /// Required: true or false.
    private mutating func flag(_ name: String) throws(ClassroomError) {
        guard let value = value(name) else { throw invalid(name, "is required") }
        guard value.bool != nil else { throw invalid(name, "must be true or false") }
        output[name] = value
    }

    private mutating func number(_ name: String, in range: ClosedRange<Double>) throws(ClassroomError) {
        guard let value = value(name) else { return }
        guard let number = value.number else { throw invalid(name, "must be a number") }
        guard range.contains(number) else {
            throw invalid(name, "must be between \(Int(range.lowerBound)) and \(Int(range.upperBound))")
        }
        output[name] = .number(number)
    }

    /// Six digits; a number will do.
    private mutating func joinCode(_ name: String) throws(ClassroomError) {
        guard let value = value(name) else { return }
        let text: String?
        if case .number = value { text = value.int.flatMap { $0 < 0 ? nil : String($0) } } else { text = value.string }
        guard let code = text.flatMap(JoinCode.init) else { throw invalid(name, "must be six digits") }
        output[name] = .string(code.value)
    }

    private mutating func answer(_ name: String) throws(ClassroomError) {
        guard let value = value(name) else { throw invalid(name, "is required") }
        try AnswerRules.check(value, name: name)
        output[name] = value
    }

    private mutating func chatContent(_ name: String) throws(ClassroomError) {
        guard let raw = try string(name, isRequired: true) else { return }
        guard raw.utf8.count <= ChatContent.maximumRawBytes else {
            throw invalid(name, "must be at most \(ChatContent.maximumLength) characters long")
        }
        let content = ChatContent.sanitised(raw)
        if let problem = ChatContent.problem(content) { throw ClassroomError(.invalid, problem) }
        output[name] = .string(content)
    }

    private mutating func settings(_ name: String) throws(ClassroomError) {
        guard let value = value(name) else { return }
        _ = try SessionSettings.parse(value, defaults: SessionSettings())
        output[name] = value
    }

    /// An opaque mark. A value that cannot be an identifier is ignored.
    private mutating func mark(_ name: String) {
        keep(name) { $0.string.map(Identifier.isValid) ?? false }
    }

    /// Passes a field through if it is as it should be, and ignores it if not.
    mutating func keep(_ name: String, if isFit: (Payload) -> Bool) {
        if let value = value(name), isFit(value) { output[name] = value }
    }

    private func value(_ name: String) -> Payload? {
        guard let value = input[name], !value.isNull else { return nil }
        return value
    }

    private func string(_ name: String, isRequired: Bool) throws(ClassroomError) -> String? {
        guard let value = value(name) else {
            if isRequired { throw invalid(name, "is required") }
            return nil
        }
        guard let text = value.string else { throw invalid(name, "must be a string") }
        return text
    }

    private func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf16.count <= 128
            && text.unicodeScalars.allSatisfy { $0 != "<" && $0 != ">" && $0.properties.generalCategory != .control }
    }

    private func invalid(_ name: String, _ problem: String) -> ClassroomError {
        ClassroomError(.invalid, "Validation error: \"\(name)\" \(problem)")
    }
}
