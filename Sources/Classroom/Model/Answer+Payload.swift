extension Answer {
    /// An answer as it came over the wire: a whole number ≥ 0, a text, or a list of either. Nil for anything else.
    public init?(payload: Payload) {
        switch payload {
        case .number:
            guard let index = payload.int, index >= 0 else { return nil }
            self = .index(index)
        case .string(let text): self = .text(text)
        case .array(let elements):
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
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let index = try? container.decode(Int.self) {
            self = .index(index)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .list(try container.decode([Answer].self))
        }
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
