import Classroom
import CoreTestSupport
import Testing

@Suite("Sanitising")
struct ChatContentTests {
    @Test(
        "a script element goes with its content",
        arguments: [
            "<script>alert(\"xss\")</script>Hello", "<SCRIPT>alert(1)</SCRIPT>Hello", "<ScRiPt src=//evil>x</sCrIpT >Hello",
            "<script type='a'\n>x</script\n>Hello", "<scr<script>ipt>alert(1)</scr</script>ipt>Hello",
            "<scr<script>ipt>alert(1)</script>Hello", "<sc<scr<b>ipt>ript>alert(1)</script>Hello", "Hello<script>alert(1)",
            "Hello<script src=x", "Hello<script", "<script>a<b && c</script>Hello", "<script><!-- </b> --></script>Hello",
            "<scr\u{0}ipt>alert(1)</script>Hello", "<script/>alert(1)</script>Hello", "<script/x>alert(1)</script/x>Hello",
            "<script>1</script><script>2</script>Hello", "</script>Hello", "<svg><script>alert(1)</script></svg>Hello",
        ])
    func scripts(_ raw: String) {
        #expect(ChatContent.sanitised(raw) == "Hello")
    }

    @Test(
        "of any other tag only the tag goes",
        arguments: [
            ("<b>Hello</b>", "Hello"), ("<i>1</i> < 2 &amp; <<", "1 < 2 &amp; <<"), ("<img src=x onerror=alert(1)>Hello", "Hello"),
            ("Hello<img src=x onerror=alert(1)", "Hello"),
            ("Hello <iframe src=x <b>you</b>", "Hello you"), ("<a href=\"javascript:x\">Hello</a>", "Hello"),
            ("<!-- note -->Hello", "Hello"),
            ("Hello<!-- never closed", "Hello"), ("<!DOCTYPE html>Hello", "Hello"), ("<?xml version='1'?>Hello", "Hello"),
            ("<style>p{}</style>", "p{}"), ("<my-element>Hello</my-element>", "Hello"), ("<b<i>>Hello", "Hello"),
            ("<br/>Hello<br />", "Hello"),
            ("<x onclick=alert(1)>Hello", "Hello"), ("<Batman onmouseover='x'>Hello", "Hello"),
            ("<foo href=javascript:x>Hello</foo>", "Hello</foo>"),
            ("<Mark>Hello</Mark>", "Hello"), ("List<B>Hello</B>", "ListHello"), ("x<Iframe>Hello", "xHello"),
            ("#include <b onclick=x>Hello", "#include Hello"),
            ("<Object data=x>Hello", "Hello"), ("List<object>Hello</object>", "ListHello"), ("<object>Hello", "Hello"),
            ("<b class>Hello", "Hello"), ("<your-name onclick=x>Hello", "Hello"), ("x<my-element>Hello</my-element>", "xHello"),
            ("<script and b>alert(1)</script>Hello", "Hello"),
        ])
    func otherTags(_ raw: String, _ expected: String) {
        #expect(ChatContent.sanitised(raw) == expected)
    }

    @Test(
        "plain text stays as it is",
        arguments: [
            "a < b", "a < b > c", "1<2", "I <3 you </3", "x <y", "if a<b then c", "😀👩‍👩‍👧", "日本語", "<", "<<", "<>", "< script >",
            "a & b &lt;b&gt;",
            "line one\nline two\tend", "a > b", "#include <stdio.h>", "#include <vector>\n#include <map>",
            "#import <Foundation/Foundation.h>",
            "List<String>", "Map<String, List<Integer>> m;", "List<Object> a = new ArrayList<Object>();", "I am <Batman>!", "I am <Mark>!",
            "Set<A>",
            "Promise<void>", "std::vector<int> v;", "template <class T>", "<T>", "if (a<b && c>d)", "x <y> z", "</Batman>", "<Batman/>",
            "fn f<T extends X = Y>()", "<https://example.org>", "<ann@example.org>", "Array<number>[]", "Optional<Button>", "<!", "</",
            "<anna-maria@school.example>", "<anna-maria.schmidt-lang@school.example>", "<mailto:a-b@c.example>", "List<object> a;",
            "Promise<data>", "vector<map> v", "x <b and c> y", "if i <a && b> j:", "checkout <branch-name>", "Dear <your-name>,",
            "\"quotes\" 'too'",
        ])
    func plainText(_ raw: String) {
        #expect(ChatContent.sanitised(raw) == raw)
    }

    @Test("white space at the ends and control characters go")
    func trimming() {
        #expect(ChatContent.sanitised("  Hello\u{7}\u{0} \n") == "Hello")
        #expect(ChatContent.sanitised("\u{1B}[31mred") == "[31mred")
        #expect(ChatContent.sanitised("\n    if x:\n        y()\n") == "    if x:\n        y()", "the first line's indentation stays")
        #expect(ChatContent.sanitised("   one line  ") == "one line")
    }

    @Test("the first line's indentation is found by scalars, not by characters: a mark may stand on the last blank", arguments: [1, 5_400])
    func indentation(marks: Int) {
        // Where characters were compared, the indentation was lost, and the long ones took a time that is quadratic in their marks.
        let first = String(repeating: "\u{301}", count: marks) + "a"
        for indentation in [" ", "\t", "    ", "\u{3000}"] {
            let raw = "\r\n \n" + indentation + first + "\nb\n"
            #expect(ChatContent.sanitised(raw).utf8.elementsEqual((indentation + first + "\nb").utf8))
            #expect(ChatContent.sanitised(indentation + first).utf8.elementsEqual(first.utf8), "one line has no indentation")
        }
        let many = String(repeating: " ", count: 5_400)
        let letter = "a" + String(repeating: "\u{301}\u{327}", count: marks / 2)
        #expect(ChatContent.sanitised(many + letter + "\nb").utf8.elementsEqual((many + letter + "\nb").utf8))
    }

    @Test(
        "a message of which nothing is to be seen is empty",
        arguments: [
            "", "\u{200B}", "\u{200D}\u{FE0F}", "\u{2800} \u{2800}", "\u{3164}", "\u{115F}\u{1160}", "\u{AD}", "\u{202E}\u{2066}",
            "\u{E0020}", "\u{FFA0}",
        ])
    func invisible(_ raw: String) {
        #expect(ChatContent.problem(ChatContent.sanitised(raw))?.contains("must not be empty") == true)
    }

    @Test("visible characters stay", arguments: ["é", "🐧", "。", "\u{600}1", "ا", "👩\u{200D}🚀", "."])
    func visible(_ raw: String) {
        #expect(ChatContent.problem(ChatContent.sanitised(raw)) == nil)
    }

    @Test("removal never creates a new tag, for any nesting", arguments: 0..<200)
    func noNewTags(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = ["<", ">", "/", "script", "scr", "ipt", "<script>", "</script>", "b", " ", "<b>", "<!--", "-->", "x", "\"", "="]
        let raw = (0..<60).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
        let once = ChatContent.sanitised(raw)
        #expect(ChatContent.sanitised(once) == once)
        #expect(once.range(ofTag: "<script>") == nil)
        #expect(once.range(ofTag: "<b>") == nil)
    }

    @Test("even the longest text is read quickly, however it is built")
    func adversarial() {
        for piece in ["<", "<a", "<a<", "<a>", "<script", "<!--", "<a\"", "</", "<scr<script>ipt>", "<!a"] {
            let raw = String(repeating: piece, count: ChatContent.maximumRawBytes / piece.utf8.count)
            let clean = ChatContent.sanitised(raw)
            #expect(ChatContent.sanitised(clean) == clean)
        }
        // A nesting that the passes can't exhaust loses its brackets.
        var nested = "<script>"
        for _ in 0..<12 { nested = nested.reduce(into: "") { $0 += $1 == "<" ? "<<b>" : String($1) } }
        #expect(!ChatContent.sanitised(nested).contains("<script>"))
    }
}

extension String {
    fileprivate func range(ofTag tag: String) -> Int? {
        let text = Array(lowercased().utf8)
        let pattern = Array(tag.utf8)
        guard text.count >= pattern.count else { return nil }
        return (0...(text.count - pattern.count)).first { text[$0..<($0 + pattern.count)].elementsEqual(pattern) }
    }
}
