extension Answer {
    /// An answer as it came over the wire: a whole number ≥ 0, a text, or a list of either. Nil for anything else.
    public init?(payload: Payload) {
        switch payload {
        case .number:
            guard let index = payload.int, index >= 0 else { return nil }
            self = .index(index)
        case .string(let text): self = .text(text)
        case .array(let elements):
            guard elements.count <= AnswerMatching.maximumListLength else { return nil }
            var answers: [Answer] = []
            for element in elements {
                guard element.array == nil, let answer = Answer(payload: element) else { return nil }
                answers.append(answer)
            }
            self = .list(answers)
        case .null, .bool, .object: return nil
        }
    }

    public var payload: Payload {
        switch self {
        case .index(let index): .number(Double(index))
        case .text(let text): .string(text)
        case .list(let answers): .array(answers.map(\.payload))
        }
    }
}

/// On the wire and in the database an index is a number, a text a string, a list an array of either.
extension Answer: Codable {
    /// A list holds no lists, and no more than ``AnswerMatching/maximumListLength`` items: deeper and longer ones are refused unread.
    public init(from decoder: any Decoder) throws {
        guard var list = try? decoder.unkeyedContainer() else {
            let container = try decoder.singleValueContainer()
            if let index = try? container.decode(Int.self) {
                self = .index(index)
            } else {
                self = .text(try container.decode(String.self))
            }
            return
        }
        // Not `[Answer]`: a list within a list is no answer, and there is an end to how many there may be.
        var answers: [Answer] = []
        while !list.isAtEnd {
            guard answers.count < AnswerMatching.maximumListLength else {
                throw DecodingError.dataCorruptedError(
                    in: list, debugDescription: "a list of more than \(AnswerMatching.maximumListLength) answers")
            }
            if let index = try? list.decode(Int.self) {
                answers.append(.index(index))
            } else {
                answers.append(.text(try list.decode(String.self)))
            }
        }
        self = .list(answers)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .index(let index): try container.encode(index)
        case .text(let text): try container.encode(text)
        case .list(let answers): try container.encode(answers)
        }
    }
}
