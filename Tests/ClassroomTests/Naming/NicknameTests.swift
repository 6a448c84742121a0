import Classroom
import CoreTestSupport
import Testing

@Suite("Names")
struct NicknameTests {
    @Test(
        "cleaned: NFKC, nothing invisible, one space between words",
        arguments: [
            ("Ann", "Ann"), ("  Ann  ", "Ann"), ("Ｆｕｌｌ", "Full"), ("ﬁn", "fin"), ("A\u{200B}n\u{200D}n\u{FEFF}", "Ann"),
            ("\u{202E}Ann\u{202C}", "Ann"),
            ("\u{2066}Ann\u{2069}", "Ann"), ("Ann\u{0}\u{7}", "Ann"), ("Ann \u{3000}\t B", "Ann B"), ("e\u{301}", "é"),
            ("A\u{3164}nn", "Ann"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"), ("क\u{94D}\u{200D}ष", "क\u{94D}\u{200D}ष"), ("👩\u{200D}🚀", "👩\u{200D}🚀"),
            ("❤\u{FE0F}\u{200D}🔥", "❤\u{FE0F}\u{200D}🔥"),
            ("می\u{200C}", "می"), ("\u{200D}Ann", "Ann"), ("🏴\u{E0067}\u{E0062}\u{E007F}", "🏴\u{E0067}\u{E0062}\u{E007F}"),
            ("A\u{E0067}", "A"), ("Ann\u{FE0F}", "Ann"),
            ("A\u{2800}B", "A B"), ("李小龙", "李小龙"), ("Zoë 🎉", "Zoë 🎉"), ("A\u{00AD}nn", "Ann"),
        ])
    func cleaned(_ raw: String, _ display: String) throws {
        #expect(try Nickname(raw).display == display)
    }

    @Test(
        "nobody could tell them apart: equal when folded",
        arguments: [
            ("Ann", "aNN"), ("STRASSE", "straße"), ("Ann", "Аnn"), ("Maria", "Маrіа"), ("Ann", "A\u{FE0F}nn"), ("é", "E\u{301}"),
            ("می\u{200C}خواهم", "میخواهم"), ("👩\u{200D}🚀", "👩🚀"), ("O’Brien", "o'brien"), ("Ann ٢", "Ann 2"), ("Jean‑Luc", "Jean-Luc"),
            ("Jean-Luc", "Jean⸺Luc"), ("José", "Jose\u{34F}\u{301}"), ("GROẞ", "gross"),
        ])
    func folded(_ one: String, _ other: String) throws {
        #expect(try Nickname(one).folded == Nickname(other).folded)
    }

    @Test("different names stay different", arguments: [("Ann", "Anna"), ("Ann", "Änn"), ("Ann B", "AnnB"), ("o", "0")])
    func different(_ one: String, _ other: String) throws {
        #expect(try Nickname(one).folded != Nickname(other).folded)
    }

    @Test("1 to 32 characters")
    func length() throws {
        #expect(try Nickname(String(repeating: "x", count: 32)).display.count == 32)
        #expect(try Nickname(String(repeating: "👨‍👩‍👧", count: 10)).display.isEmpty == false)
        for raw in ["", "  ", "\u{200B}\u{202E}", String(repeating: "x", count: 33), "x" + String(repeating: "\u{301}", count: 64)] {
            #expect(refusal { _ = try Nickname(raw) }?.code == .invalid)
        }
        #expect(refusal { _ = try Nickname(String(repeating: "\u{200B}", count: 400) + "x") }?.code == .invalid)
    }

    @Test("angle brackets are no part of a name")
    func brackets() {
        #expect(refusal { _ = try Nickname("<b>Ann</b>") }?.code == .invalid)
        #expect(Nickname.account("<b>Ann").display == "bAnn")
    }

    @Test("an account's name cannot turn other people's text around, nor hide")
    func shown() {
        #expect(Nickname.shown("\u{202E}nnA\u{2066}") == "nnA")
        #expect(Nickname.shown("Ann\u{7}\u{200B} <3") == "Ann <3")
        #expect(Nickname.shown(String(repeating: "x", count: 5_000)).count == 64)
    }

    @Test("an account's name is made to fit")
    func account() {
        #expect(Nickname.account("").display == "Player")
        #expect(Nickname.account("\u{200B}").display == "Player")
        #expect(Nickname.account(String(repeating: "x", count: 5_000)).display.count == 32)
        #expect(Nickname.account("student1").display == "student1")
        let towering = Nickname.account(String(repeating: "x\u{301}\u{302}\u{303}", count: 32))
        #expect(towering.display.unicodeScalars.count <= Nickname.maximumScalars)
    }

    @Test("a numbered name keeps within the limit")
    func numbered() throws {
        let long = String(repeating: "x", count: 32)
        var room = Room()
        for user in ["u1", "u2"] { try room.apply(.join(userID: user, name: long, isNickname: false), at: 0) }
        #expect(room.session.participants.last?.username == String(repeating: "x", count: 30) + " 2")
    }
}

@Suite("Join codes")
struct JoinCodeTests {
    @Test(
        "six digits, as people type them",
        arguments: [
            "123456", " 123 456 ", "123-456", "１２３４５６", "1 2 3 4 5 6", "١٢٣ ٤٥٦", "१२३४५६", "Code: 123 456", "code 123456.", "(123 456)",
            "http://192.168.0.17:3001/?code=123456", "https://school.example/?code=123456&x=999999", "school.example/?x=1&code=123456#top",
            "123\u{2009}456", "123\u{200B}456", "Room 12: 123–456", "123.456", "12/34/56", "123,456", "123·456", "١٢٣/٤٥٦", "123_456",
            "123456, 123 456",
        ])
    func valid(_ text: String) {
        #expect(JoinCode(text)?.value == "123456")
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "12345", "1234567", "12345a", "123456a", "a123456", "½23456", "-1e5", "123456\u{0}", "123456 or: 654321",
            "http://192.168.0.17:3001/?code=12345", "10.0.0.17", "12.34", "1234.56", "½23.456", "a 123.456",
            String(repeating: " ", count: 2_048) + "123456",
        ])
    func invalid(_ text: String) {
        #expect(JoinCode(text) == nil)
    }

    @Test("generated codes are valid, free, and the same for the same randomness")
    func generated() throws {
        var generator = SeededGenerator(seed: 1)
        var again = SeededGenerator(seed: 1)
        var taken: Set<String> = []
        for _ in 0..<1_000 {
            let code = try #require(JoinCode.generate(using: &generator) { taken.contains($0) })
            #expect(JoinCode(code.value) == code)
            #expect(code.value.first != "0")
            #expect(JoinCode.generate(using: &again) { taken.contains($0) } == code)
            #expect(taken.insert(code.value).inserted)
        }
    }

    @Test("generating gives up if all codes are taken")
    func exhausted() {
        var generator = SeededGenerator(seed: 1)
        var tries = 0
        let code = JoinCode.generate(using: &generator) { _ in
            tries += 1
            return true
        }
        #expect(code == nil)
        #expect(tries == JoinCode.maximumAttempts)
    }
}
