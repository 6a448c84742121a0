/// The distribution of the answers to one question.
struct AnswerTally {
    /// Per option; empty without options.
    private(set) var options: [Int]
    private(set) var answered = 0
    private var byText: [String: (text: String, count: Int)] = [:]

    init(question: Question) {
        options = Array(repeating: 0, count: question.options.count)
    }

    /// Adds one player's resolved answer. Every element of a list counts.
    mutating func add(_ answer: Answer) {
        answered += 1
        count(answer)
    }

    private mutating func count(_ answer: Answer) {
        switch answer {
        case .index(let index): if options.indices.contains(index) { options[index] += 1 }
        case .text(let text): byText[AnswerMatching.fold(text), default: (text, 0)].count += 1
        case .list(let answers): for answer in answers { count(answer) }
        }
    }

    /// Most frequent first.
    func texts(limit: Int) -> [TextCount] {
        let sorted = byText.sorted { $0.value.count != $1.value.count ? $0.value.count > $1.value.count : $0.key < $1.key }
        return sorted.prefix(limit).map { TextCount(text: $0.value.text, count: $0.value.count) }
    }
}
