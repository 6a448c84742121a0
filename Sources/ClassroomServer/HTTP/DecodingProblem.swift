import Classroom

/// Says in one line what is wrong with a JSON body: `questions[2].options: is missing`.
enum DecodingProblem {
    static func describe(_ error: any Error) -> String {
        if let unknown = error as? UnknownField {
            // The name is the sender's: cut, and without anything that could turn the line around.
            let name = Nickname.shown(unknown.name)
            let owner = unknown.path.isEmpty ? "quiz" : "question"
            return "\(prefix(unknown.path))\(name): a \(owner) has no such field, it would be lost"
        }
        guard let error = error as? DecodingError else { return "The body is not JSON" }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context.codingPath + [key])): is missing"
        case .valueNotFound(_, let context): return "\(path(context.codingPath)): is missing"
        case .typeMismatch(_, let context): return "\(path(context.codingPath)): has the wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty: return "\(path(context.codingPath)): is not valid"
        default: return "The body is not JSON"
        }
    }

    private static func prefix(_ keys: [any CodingKey]) -> String { keys.isEmpty ? "" : path(keys) + "." }

    /// Names come from the types that are decoded, never from the body, as long as no dictionary is decoded.
    private static func path(_ keys: [any CodingKey]) -> String {
        var text = ""
        for key in keys {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return text.isEmpty ? "The body" : text
    }
}
