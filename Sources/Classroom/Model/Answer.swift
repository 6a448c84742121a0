/// An answer, given or correct: the index of an option, a text, or a list of either.
public enum Answer: Sendable {
    case index(Int)
    case text(String)
    case list([Answer])
}

/// Texts are compared and hashed by their bytes: see ``ExactText``. What people would call the same is for ``AnswerMatching``.
extension Answer: Hashable {
    public static func == (one: Answer, other: Answer) -> Bool {
        switch (one, other) {
        case (.index(let one), .index(let other)): one == other
        case (.text(let one), .text(let other)): one.hasSameBytes(as: other)
        case (.list(let one), .list(let other)): one == other
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .index(let index):
            hasher.combine(0)
            hasher.combine(index)
        case .text(let text):
            hasher.combine(1)
            hasher.combine(ExactText(text))
        case .list(let list):
            hasher.combine(2)
            hasher.combine(list)
        }
    }
}
