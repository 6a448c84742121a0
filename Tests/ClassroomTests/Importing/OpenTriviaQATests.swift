import Classroom
import Foundation
import Testing

@Suite("Importing OpenTriviaQA")
struct OpenTriviaQATests {
    private func parse(_ text: String) -> OpenTriviaQAImport { OpenTriviaQAParser.parse(text.utf8) }

    @Test("reading ends with the first question, or the first record that is none, beyond the most there may be")
    func maximumQuestions() {
        let file = Array(String(repeating: "#Q a?\n^ b\nA b\nB c\n\n", count: 10).utf8)
        #expect(OpenTriviaQAParser.parse(file, maximumQuestions: 10).questions.count == 10)
        #expect(OpenTriviaQAParser.parse(file, maximumQuestions: 3).questions.count == 4)
        let bad = Array(String(repeating: "#Q a?\n\n", count: 10).utf8)
        #expect(OpenTriviaQAParser.parse(bad, maximumRejected: 10).rejected.count == 10)
        #expect(OpenTriviaQAParser.parse(bad, maximumRejected: 3).rejected.count == 4)
    }

    @Test("a record becomes a question")
    func record() {
        let result = parse("#Q Which bird dives?\n^ Dunlin\nA Ostrich\nB Dunlin\nC Emu\nD Kiwi\n")
        #expect(
            result.questions == [
                Question(id: "q1", question: "Which bird dives?", options: ["Ostrich", "Dunlin", "Emu", "Kiwi"], correctAnswer: .index(1))
            ])
        #expect(result.rejected.isEmpty)
        #expect(result.recordCount == 1)
    }

    @Test("two choices, more than four, several lines, blank lines within a question")
    func shapes() {
        let result = parse(
            """
            #Q Waders wade.
            ^ True
            A True
            B False

            #Q Fill in:

            the tide comes
            and ….?
            ^ goes
            A stays
            B goes
            C rests
            D turns
            E waits

            """)
        #expect(result.questions.map(\.options.count) == [2, 5])
        #expect(result.questions.last?.question == "Fill in:\nthe tide comes\nand ….?")
        #expect(result.questions.map(\.id) == ["q1", "q2"])
    }

    @Test("indented lines are code, and stay as they are, with the blank ones between them")
    func indentation() {
        let result = parse(
            "#Q What does it print?\n\nfor i in range(2):\n    print(i)\n\n\tx\n\n^     return 1\nA     return 1\nB return 1  \nC  return 2\n"
        )
        #expect(result.questions.first?.question == "What does it print?\n\nfor i in range(2):\n    print(i)\n\n\tx")
        #expect(result.questions.first?.options == ["    return 1", "return 1", "return 2"])
        #expect(result.questions.first?.correctAnswer == .index(0))
    }

    @Test("invisible texts are neither questions nor choices")
    func invisible() {
        #expect(parse("#Q \u{200B}\n^ a\nA a\nB b\n").rejected.map(\.reason) == ["no question"])
        #expect(parse("#Q Which?\n^ a\nA a\nB \u{2800}\n").rejected.map(\.reason) == ["choice B is empty"])
    }

    @Test("CRLF and a byte order mark change nothing")
    func lineEnds() {
        let text = "#Q One?\n^ b\nA a\nB b\n\n#Q Two?\n^ a\nA a\nB b\n"
        let windows = "\u{FEFF}" + text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        #expect(parse(windows) == parse(text))
        #expect(parse(text).questions.count == 2)
    }

    @Test("line ends of old Macs are line ends where there are no others")
    func carriageReturns() {
        let text = "#Q One?\n^ b\nA a\nB b\n\n#Q Two?\n^ a\nA a\nB b\n"
        #expect(parse(text.replacing("\n", with: "\r")) == parse(text))
    }

    @Test(
        "a file in UTF-16 is refused with what to do",
        arguments: [[0xFF, 0xFE, 0x23, 0x00], [0xFE, 0xFF, 0x00, 0x23], [0x23, 0x00, 0x51, 0x00], [0x00, 0x23, 0x00, 0x51]] as [[UInt8]])
    func utf16(_ bytes: [UInt8]) {
        #expect(OpenTriviaQAParser.parse(bytes).rejected == [.init(line: 1, reason: "the file is UTF-16; save it as UTF-8")])
    }

    @Test("control characters are reported with their line", arguments: ["\u{0}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{9B}"])
    func controlCharacters(_ text: String) {
        let result = parse("#Q Good?\n^ a\nA a\nB b\n\n#Q Bad?\n^ a\nA a\nB x\(text)y\n\n#Q Tab\there?\n^ a\nA a\nB b\n")
        #expect(result.rejected == [.init(line: 9, reason: "control characters")])
        #expect(result.questions.map(\.question) == ["Good?", "Tab\there?"])
    }

    @Test("records need no blank line between them, and the last one no line end")
    func tight() {
        #expect(parse("#Q 1?\n^ a\nA a\nB b\n#Q 2?\n^ b\nA a\nB b").questions.count == 2)
    }

    @Test(
        "a bad record is reported with its line, and the rest is read",
        arguments: [
            ("#Q Which?\n^ nowhere\nA a\nB b", 6, "no choice equals the correct answer"), ("#Q Which?\nA a\nB b", 6, "no correct answer"),
            ("#Q Which?\n^ a\nA a", 6, "fewer than two choices"), ("#Q Which?\n^ a", 6, "fewer than two choices"),
            ("#Q\n^ a\nA a\nB b", 6, "no question"), ("#Q Which?\n^ a\n^ b\nA a\nB b", 8, "a second correct answer"),
            ("#Q Which?\n^ a\nA a\nA b", 9, "choice A appears twice"), ("#Q Which?\n^ a\nA a\nB", 9, "choice B is empty"),
            ("#Q Which?\n^ a\nA a\nB b\nand more", 10, "a line that is neither a choice nor the next question"),
            ("#Q Which?\n^ a\nA a\nB a", 6, "all choices are the same"),
        ])
    func bad(_ record: String, _ line: Int, _ reason: String) {
        let result = parse("#Q Good?\n^ a\nA a\nB b\n\n" + record + "\n\n#Q Also good?\n^ b\nA a\nB b\n")
        #expect(result.rejected == [.init(line: line, reason: reason)])
        #expect(result.questions.map(\.question) == ["Good?", "Also good?"])
    }

    @Test("bytes that are not UTF-8 are reported where they are, never guessed at")
    func badBytes() {
        var bytes = Array("#Q Good?\n^ a\nA a\nB b\n\n#Q Caf".utf8)
        bytes.append(0xE9)
        bytes += Array("?\n^ a\nA a\nB b\n\n#Q Choice?\n^ a\nA a\nB ".utf8)
        bytes += [0x93, 0x94]
        bytes += Array("\n\n#Q Last?\n^ a\nA a\nB b\n".utf8)
        let result = OpenTriviaQAParser.parse(bytes)
        #expect(
            result.rejected == [.init(line: 6, reason: "bytes that are not UTF-8"), .init(line: 14, reason: "bytes that are not UTF-8")])
        #expect(result.questions.map(\.question) == ["Good?", "Last?"])
    }

    @Test("text before the first question is reported")
    func leadingText() {
        let result = parse("\n  \nhello\n#Q One?\n^ a\nA a\nB b\n")
        #expect(result.rejected == [.init(line: 3, reason: "a block that does not begin with #Q")])
        #expect(result.questions.count == 1)
    }

    @Test("a block without a mark is one rejection and leaves the record before it alone")
    func unmarkedBlocks() {
        let result = parse(
            """
            #Q Good?
            ^ a
            A a
            B b

            No mark here
            ^ c
            A c
            B d

            Nor here
            ^ e
            A e
            B f

            #Q Next?
            ^ b
            A a
            B b
            """)
        #expect(result.questions.map(\.question) == ["Good?", "Next?"])
        #expect(result.rejected == [6, 11].map { .init(line: $0, reason: "a block that does not begin with #Q") })
        #expect(result.recordCount == 4)
    }

    @Test("blank lines between choices end nothing; a letter that was there before does")
    func blanksBetweenChoices() {
        let spaced = parse("#Q One?\n^ c\nA a\nB b\n\nC c\n\n\nD d\n")
        #expect(spaced.questions.map(\.options.count) == [4])
        let repeated = parse("#Q One?\n^ a\nA a\nB b\n\nA x\nB y\n")
        #expect(repeated.questions.map(\.options) == [["a", "b"]])
        #expect(repeated.rejected == [.init(line: 6, reason: "a block that does not begin with #Q")])
    }

    @Test("what stands before the first question is rejected block by block, not line by line")
    func unmarkedBeginning() {
        let result = parse("^ x\nA y\nB x\n\nWhich?\n^ a\nA a\n#Q One?\n^ a\nA a\nB b\n")
        #expect(result.rejected.map(\.line) == [1, 5])
        #expect(result.questions.map(\.question) == ["One?"])
    }

    @Test("a repeated choice is left out, with a note")
    func repeated() {
        let result = parse("#Q Which?\n^ b\nA a\nB a\nC b\n")
        #expect(result.questions.first?.options == ["a", "b"])
        #expect(result.questions.first?.correctAnswer == .index(1))
        #expect(result.notes == [.init(line: 1, reason: "a repeated choice was left out")])
    }

    @Test("lengths at the limit pass, beyond it they are reported")
    func limits() {
        func record(_ question: Int, _ choice: Int) -> OpenTriviaQAImport {
            parse("#Q \(String(repeating: "x", count: question))\n^ a\nA a\nB \(String(repeating: "y", count: choice))\n")
        }
        #expect(record(2_000, 500).questions.count == 1)
        #expect(record(2_001, 500).rejected.count == 1)
        #expect(record(2_000, 501).rejected.count == 1)
    }

    @Test("an empty file has no questions")
    func empty() {
        #expect(parse("").recordCount == 0)
        #expect(parse("\n\n\r\n").recordCount == 0)
    }

    private static let directory = ProcessInfo.processInfo.environment["DUNLIN_OPENTRIVIAQA"]

    @Test(
        "the real files: every record is either imported or reported",
        .enabled(if: directory != nil, "set DUNLIN_OPENTRIVIAQA to a directory with the category files of OpenTriviaQA"),
        arguments: ["animals", "for-kids", "geography", "science-technology"])
    func realFiles(_ name: String) throws {
        let directory = try #require(OpenTriviaQATests.directory)
        let data = try Data(contentsOf: URL(fileURLWithPath: directory).appendingPathComponent(name))
        let result = OpenTriviaQAParser.parse(data)
        let records = data.split(separator: UInt8(ascii: "\n")).count { $0.starts(with: Array("#Q".utf8)) }
        #expect(result.recordCount == records)
        #expect(result.questions.count > records * 99 / 100)
        for question in result.questions {
            guard case .index(let correct) = question.correctAnswer else {
                Issue.record("no index")
                continue
            }
            #expect(question.options.indices.contains(correct))
            #expect(Set(question.options).count == question.options.count)
        }
        print(name, "imported \(result.questions.count), rejected \(result.rejected), notes \(result.notes)")
    }
}
