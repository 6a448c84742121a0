/// The distribution of the answers to one question.
struct AnswerTally {
    /// Per option; empty without options.
    private(set) var options: [Int]
    private(set) var answered = 0

    private typealias Entry = (key: ExactText, value: (text: String, count: Int))

    /// By the folded text. Compared by bytes, see ``ExactText``: these are texts of players.
    private var byText: [ExactText: (text: String, count: Int)] = [:]
    /// How many texts of one answer count: as many as the question takes, and none where they are not shown.
    private let textsPerAnswer: Int

    init(question: Question) {
        options = Array(repeating: 0, count: question.options.count)
        if !question.options.isEmpty {
            textsPerAnswer = 0
        } else if case .list(let correct) = question.correctAnswer {
            textsPerAnswer = max(1, correct.count)
        } else {
            textsPerAnswer = 1
        }
    }

    /// The texts that people would regard as different.
    var distinctTexts: Int { byText.count }

    /// Adds one player's resolved answer. Every option of a list counts, and as many of its texts as the question takes.
    mutating func add(_ answer: Answer) {
        answered += 1
        switch answer {
        case .index(let index): count(index)
        case .text(let text): count(text)
        case .list(let answers):
            var texts = 0
            for answer in answers {
                switch answer {
                case .index(let index): count(index)
                case .text(let text) where texts < textsPerAnswer:
                    texts += 1
                    count(text)
                case .text, .list: break
                }
            }
        }
    }

    private mutating func count(_ index: Int) {
        if options.indices.contains(index) { options[index] += 1 }
    }

    private mutating func count(_ text: String) {
        if textsPerAnswer > 0 { byText[ExactText(AnswerMatching.fold(text)), default: (text, 0)].count += 1 }
    }

    /// Most frequent first, then by the bytes of the folded text. One pass finds them: the others are not sorted.
    func texts(limit: Int) -> [TextCount] {
        guard limit > 0 else { return [] }
        var first: [Entry] = []
        for entry in byText {
            if first.count == limit {
                guard let last = first.last, Self.precedes(entry, last) else { continue }
                first.removeLast()
            }
            let place = first.firstIndex { Self.precedes(entry, $0) } ?? first.endIndex
            first.insert(entry, at: place)
        }
        return first.map { TextCount(text: $0.value.text, count: $0.value.count) }
    }

    private static func precedes(_ one: Entry, _ other: Entry) -> Bool {
        guard one.value.count == other.value.count else { return one.value.count > other.value.count }
        return one.key.text.utf8.lexicographicallyPrecedes(other.key.text.utf8)
    }
}
