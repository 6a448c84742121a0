import Classroom
import Testing

@Suite("Which answer is meant")
struct AnswerMatchingTests {
    private let sum = Question(id: "q", question: "What is 2 + 2?", options: ["3", "4", "5", "6"], correctAnswer: .index(1))
    private let capital = Question(id: "q", question: "?", options: ["London", "Paris"], correctAnswer: .text("paris"))
    private let open = Question(id: "q", question: "?", options: [], correctAnswer: .text("Änderung"))
    private let several = Question(id: "q", question: "?", options: ["a", "b", "c"], correctAnswer: .list([.index(2), .text("A")]))

    @Test("an index, a text that equals an option, a numeric text that doesn't")
    func resolving() throws {
        #expect(try AnswerMatching.resolve(.index(1), for: sum) == .index(1))
        // A text that equals an option means that option, also where it could be an index.
        #expect(try AnswerMatching.resolve(.text("3"), for: sum) == .index(0))
        #expect(try AnswerMatching.resolve(.text(" 4 "), for: sum) == .index(1))
        #expect(try AnswerMatching.resolve(.text("2"), for: sum) == .index(2))
        #expect(try AnswerMatching.resolve(.text("PARIS"), for: capital) == .index(1))
        #expect(try AnswerMatching.resolve(.text("Rome"), for: capital) == .text("Rome"))
    }

    @Test("options that don't exist are refused", arguments: [Answer.index(4), .index(-1), .text("99"), .list([.index(0), .index(4)])])
    func range(_ answer: Answer) {
        #expect(refusal { _ = try AnswerMatching.resolve(answer, for: sum) }?.code == .invalid)
    }

    @Test("a correct answer may be given as a text")
    func correctText() throws {
        #expect(AnswerMatching.isCorrect(try AnswerMatching.resolve(.index(1), for: capital), for: capital))
        #expect(!AnswerMatching.isCorrect(try AnswerMatching.resolve(.index(0), for: capital), for: capital))
    }

    @Test(
        "without options a text is compared trimmed and without regard to case",
        arguments: [("änderung", true), ("  ÄNDERUNG\n", true), ("A\u{308}nderung", true), ("Anderung", false)])
    func text(_ given: String, _ correct: Bool) throws {
        #expect(AnswerMatching.isCorrect(try AnswerMatching.resolve(.text(given), for: open), for: open) == correct)
    }

    @Test("an option that is equal to the letter comes before one that is equal but for case or typography")
    func exactFirst() throws {
        let question = Question(id: "q", question: "?", options: ["AA", "Aa", "aa ", "“x”"], correctAnswer: .text("Aa"))
        #expect(try AnswerMatching.resolve(.text("AA"), for: question) == .index(0))
        #expect(try AnswerMatching.resolve(.text("Aa"), for: question) == .index(1))
        #expect(try AnswerMatching.resolve(.text("aa"), for: question) == .index(2))
        #expect(try AnswerMatching.resolve(.text("\"X\""), for: question) == .index(3))
        #expect(AnswerMatching.isCorrect(.index(1), for: question))
        #expect(!AnswerMatching.isCorrect(.index(0), for: question))
    }

    @Test(
        "a written answer is right however a keyboard writes it",
        arguments: [
            ("the lion's cave", "the lion’s cave"), ("the lion’s cave", "The  Lion`s\u{A0}cave"), ("\"Faust\"", "„Faust“"),
            ("1914-1918", "1914–1918"),
            ("and so on...", "and so on…"), ("Straße", "STRASSE"), ("½", "1/2"), ("−5", "-5"), ("42", "٤٢"), ("42", "४२"),
            ("ﬁnal", "final"),
            ("co-operate", "co\u{2011}operate"), ("naïve", "nai\u{308}ve"), ("Ｔｏｋｙｏ", "tokyo"), ("İstanbul", "istanbul"),
            ("week\u{AD}end", "weekend"),
            ("zero", "ze\u{200B}ro"), ("a b", "a\u{2003}\u{3000}b"), ("ΟΔΟΣ", "οδος"), ("❤", "❤\u{FE0F}"), ("H₂O", "h2o"),
            ("straße", "STRAẞE"), ("café", "cafe\u{AD}\u{301}"), ("Việt", "Vie\u{34F}\u{323}\u{302}t"),
            ("q\u{323}\u{307}", "q\u{200D}\u{307}\u{323}"),
            ("IRMAK", "ırmak"), ("ﬀ ﬆ ǆ", "ff st dž"), ("1-2", "1⸺2"), ("x-y", "x〰y"), ("a-b", "a־b"), ("١٬٢٣٤٫٥", "1,234.5"),
            ("Ⅳ", "IV"), ("「はい」", "\"はい\""), ("it’s", "it❜s"), ("ŉ", "'n"), ("x²", "x2"), ("K", "\u{212A}"), ("ｶﾞ", "ガ"), ("각", "각"),
        ])
    func written(_ correct: String, _ given: String) throws {
        let question = Question(id: "q", question: "?", options: [], correctAnswer: .text(correct))
        #expect(AnswerMatching.isCorrect(try AnswerMatching.resolve(.text(given), for: question), for: question))
    }

    @Test(
        "what people would not take for the same is wrong",
        arguments: [
            ("Sao Paulo", "São Paulo"), ("its", "it's"), ("-5", "5"), ("C", "C#"), ("i--", "i-"), ("ab", "a b"), ("resume", "résumé"),
        ])
    func different(_ correct: String, _ given: String) throws {
        let question = Question(id: "q", question: "?", options: [], correctAnswer: .text(correct))
        #expect(!AnswerMatching.isCorrect(try AnswerMatching.resolve(.text(given), for: question), for: question))
    }

    @Test("an index in the digits of another script is that index")
    func otherDigits() throws {
        #expect(try AnswerMatching.resolve(.text("٢"), for: capital.with(options: ["a", "b", "c"])) == .index(2))
        #expect(try AnswerMatching.resolve(.text("٥"), for: sum) == .index(2), "the option 5")
    }

    @Test("comparing takes time in proportion to the length, for any text")
    func linear() {
        for piece in ["a\u{301}\u{316}", "\u{301}", "ﷺ", "’", "\u{200B}", "İ", " "] {
            #expect(TextFolding.fold(String(repeating: piece, count: 20_000)).utf8.count < 20_000 * 40)
        }
    }

    @Test("a number without options is its text")
    func numberAsText() throws {
        let question = Question(id: "q", question: "?", options: [], correctAnswer: .text("42"))
        #expect(AnswerMatching.isCorrect(try AnswerMatching.resolve(.index(42), for: question), for: question))
    }

    @Test("a list is a set")
    func list() throws {
        for answer in [Answer.list([.index(0), .index(2)]), .list([.text("c"), .text("a"), .index(0)])] {
            let resolved = try AnswerMatching.resolve(answer, for: several)
            #expect(resolved == .list([.index(0), .index(2)]))
            #expect(AnswerMatching.isCorrect(resolved, for: several))
        }
        for answer in [Answer.list([.index(0)]), .index(0), .list([]), .list([.index(0), .index(1), .index(2)])] {
            #expect(!AnswerMatching.isCorrect(try AnswerMatching.resolve(answer, for: several), for: several))
        }
        // A list of one is as good as the one.
        #expect(AnswerMatching.isCorrect(try AnswerMatching.resolve(.list([.index(1)]), for: sum), for: sum))
    }

    @Test("any text of a list of correct texts is right")
    func anyOf() throws {
        let question = Question(id: "q", question: "?", options: [], correctAnswer: .list([.text("UK"), .text("United Kingdom")]))
        for text in ["uk", "united kingdom"] {
            #expect(AnswerMatching.isCorrect(try AnswerMatching.resolve(.text(text), for: question), for: question))
        }
        #expect(!AnswerMatching.isCorrect(try AnswerMatching.resolve(.text("France"), for: question), for: question))
    }

    @Test("a list of lists and a list beyond the limit are refused")
    func listLimits() throws {
        let full = Answer.list(Array(repeating: .index(0), count: AnswerMatching.maximumListLength))
        #expect(try AnswerMatching.resolve(full, for: sum) == .list([.index(0)]))
        let over = Answer.list(Array(repeating: .index(0), count: AnswerMatching.maximumListLength + 1))
        #expect(refusal { _ = try AnswerMatching.resolve(over, for: sum) }?.code == .invalid)
        #expect(refusal { _ = try AnswerMatching.resolve(.list([.list([])]), for: sum) }?.code == .invalid)
    }

    @Test("a correct answer beyond the options can't be met")
    func broken() throws {
        let question = Question(id: "q", question: "?", options: ["a"], correctAnswer: .index(7))
        #expect(!AnswerMatching.isCorrect(try AnswerMatching.resolve(.index(0), for: question), for: question))
    }

    @Test("several options must be chosen if several are right, and only then")
    func choosingSeveral() {
        func wants(_ options: [String], _ correct: Answer) -> Bool {
            AnswerMatching.wantsSeveral(Question(id: "q", question: "?", options: options, correctAnswer: correct))
        }
        #expect(wants(["a", "b", "c"], .list([.index(0), .index(2)])))
        #expect(!wants(["a", "b", "c"], .index(1)))
        #expect(!wants(["a", "b", "c"], .list([.index(1), .text("b")])), "the same option twice")
        #expect(!wants(["a", "b", "c"], .list([.index(1), .index(9)])), "an option that does not exist")
        #expect(!wants([], .list([.text("Paris"), .text("Lutetia")])), "each of these is right alone")
    }
}

extension Question {
    fileprivate func with(options: [String]) -> Question {
        Question(id: id, question: question, options: options, correctAnswer: .index(0))
    }
}
