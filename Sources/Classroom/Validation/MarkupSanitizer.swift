/// Takes markup out of plain text: a `script` element goes with its content, of any other tag only the tag itself.
///
/// What begins a tag is what HTML says: `<` followed at once by a letter, `/` and a letter, `!` or `?`. So `a < b`, `<3` and `</3` stay. A tag ends
/// at the first `>`, or at another `<` or the end of the text. What has the form of a tag is one if HTML knows its name, if it is named as
/// elements of one's own are (with a hyphen), or if it has an attribute that could do something. All else is text in angle brackets:
/// `#include <stdio.h>`, `List<String>`, `I am <Batman>!`. So is a bare name that HTML knows where people and code put one: a type or a
/// person, written with a capital and never closed (`List<Object>`, `<Mark>`), and an included header (`#include <map>`). A tag hidden in another one's name (`<scr<script>ipt>`) is taken out first, and the result is read again until no tag is left, so that
/// removal can't make one. Work is linear in the length: recursion and repetition are bounded.
enum MarkupSanitizer {
    private static let maximumDepth = 16
    private static let maximumPasses = 4

    static func plainText(_ text: String) -> String {
        guard text.utf8.contains(open) else { return text }
        var bytes = Array(text.utf8)
        for _ in 0..<maximumPasses {
            let stripped = strip(bytes)
            if stripped.count == bytes.count { return String(decoding: stripped, as: UTF8.self) }
            bytes = stripped
        }
        // Something built to keep yielding tags: without its opening brackets it yields none.
        bytes.removeAll { $0 == open }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func strip(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        let closing = closingNames(in: bytes)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == open, let tag = tag(at: index, in: bytes, depth: 0), !isText(tag, at: index, in: bytes, closing: closing)
            else {
                kept.append(bytes[index])
                index += 1
                continue
            }
            let opensScript = tag.name == script && !tag.isClosing
            index = opensScript ? endOfScript(from: tag.end, in: bytes) : tag.end
        }
        return kept
    }

    private struct Tag {
        var name: [UInt8]
        var isClosing: Bool
        /// The index behind it.
        var end: Int
    }

    /// The tag that begins at `start`, where a `<` is; nil when that `<` is text.
    private static func tag(at start: Int, in bytes: [UInt8], depth: Int) -> Tag? {
        var index = start + 1
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "?") { return declaration(at: start, in: bytes) }
        let isClosing = bytes[index] == UInt8(ascii: "/")
        if isClosing { index += 1 }
        guard index < bytes.count, isLetter(bytes[index]) else { return nil }
        var name: [UInt8] = []
        scan: while index < bytes.count {
            switch bytes[index] {
            case close, UInt8(ascii: "/"): break scan
            case open:
                guard depth < maximumDepth, let inner = tag(at: index, in: bytes, depth: depth + 1),
                    bytes[inner.end - 1] == close
                else { break scan }
                index = inner.end
            case let byte where isSpace(byte): break scan
            case let byte:
                if name.count < longestName { name.append(lowercased(byte)) }
                index += 1
            }
        }
        let attributes = index
        while index < bytes.count, bytes[index] != close, bytes[index] != open { index += 1 }
        let isClosed = index < bytes.count && bytes[index] == close
        let isElement =
            knownNames.contains(name) || (isClosed && (name.count == 1 && singleLetterNames.contains(name[0]) || name.contains(dash)))
            || hasActiveAttribute(bytes[attributes..<index])
        guard isElement else { return nil }
        return Tag(name: name, isClosing: isClosing, end: isClosed ? index + 1 : index)
    }

    /// What has the form of an element but stands where people and code put other things in angle brackets.
    private static func isText(_ tag: Tag, at start: Int, in bytes: [UInt8], closing: Set<[UInt8]>) -> Bool {
        guard !tag.isClosing, bytes[tag.end - 1] == close, !neverText.contains(tag.name), !closing.contains(tag.name) else { return false }
        let isInCode = start > 0 && isIdentifier(bytes[start - 1])
        guard tag.end - start == tag.name.count + 2 else {
            // `a<b && c>d`
            return isInCode && tag.name.count == 1 && !bytes[start..<tag.end].contains(UInt8(ascii: "="))
        }
        if isUppercase(bytes[start + 1]) {
            // `List<Object>`, `Set<A>`, "I am <Mark>".
            return tag.name.count == 1 ? isInCode : !isUppercase(bytes[start + 2])
        }
        var end = start
        while end > 0, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes[..<end].suffix(8).elementsEqual("#include".utf8) || bytes[..<end].suffix(7).elementsEqual("#import".utf8)
    }

    /// The names of all that `</` is followed by: an element that is closed somewhere is one.
    private static func closingNames(in bytes: [UInt8]) -> Set<[UInt8]> {
        var names: Set<[UInt8]> = []
        for index in bytes.indices.dropLast(2) where bytes[index] == open && bytes[index + 1] == UInt8(ascii: "/") {
            names.insert(bytes[(index + 2)...].prefix(longestName).prefix(while: isNamePart).map(lowercased))
        }
        return names
    }

    /// `onclick=`, `href=` and the like: what lets an element that HTML does not know run something or lead somewhere.
    private static func hasActiveAttribute(_ attributes: ArraySlice<UInt8>) -> Bool {
        var name: [UInt8] = []
        var isAfterSpace = false
        for byte in attributes {
            switch byte {
            case UInt8(ascii: "="):
                if name.starts(with: "on".utf8) || activeAttributes.contains(name) { return true }
                name = []
            case let byte where isSpace(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"):
                isAfterSpace = true
            default:
                if isAfterSpace { name = [] }
                isAfterSpace = false
                if name.count < longestName { name.append(lowercased(byte)) }
            }
        }
        return false
    }

    /// A comment, a document type or a processing instruction.
    private static func declaration(at start: Int, in bytes: [UInt8]) -> Tag? {
        var index = start + 2
        guard index < bytes.count else { return nil }
        if bytes[start + 1] == UInt8(ascii: "!"), bytes[index...].starts(with: [dash, dash]) {
            index += 2
            while index < bytes.count, !(bytes[index] == close && bytes[index - 1] == dash && bytes[index - 2] == dash) { index += 1 }
            return Tag(name: [], isClosing: false, end: min(index + 1, bytes.count))
        }
        guard isLetter(bytes[index]) || bytes[index] == UInt8(ascii: "[") else { return nil }
        while index < bytes.count, bytes[index] != close, bytes[index] != open { index += 1 }
        guard index < bytes.count, bytes[index] == close else { return nil }
        return Tag(name: [], isClosing: false, end: index + 1)
    }

    /// Behind the closing tag of a script, or the end of the text.
    private static func endOfScript(from start: Int, in bytes: [UInt8]) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index] == open, let tag = tag(at: index, in: bytes, depth: 0), tag.isClosing, tag.name == script { return tag.end }
            index += 1
        }
        return bytes.count
    }

    private static let open = UInt8(ascii: "<")
    private static let close = UInt8(ascii: ">")
    private static let dash = UInt8(ascii: "-")
    private static let script = Array("script".utf8)
    private static let longestName = 16

    private static func isUppercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isNamePart(_ byte: UInt8) -> Bool { isIdentifier(byte) || byte == dash }

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static let activeAttributes = Set(
        ["href", "src", "style", "action", "formaction", "srcdoc", "data", "xlink:href", "values", "to", "from"].map { Array($0.utf8) })

    /// What follows these is read in another way, or they stand alone: in whatever case, they are no names.
    private static let neverText = Set(
        [
            "br", "embed", "hr", "iframe", "img", "input", "link", "math", "meta", "noembed", "noframes", "noscript", "plaintext", "script",
            "style", "svg", "template", "textarea", "wbr", "xmp",
        ].map { Array($0.utf8) })

    /// Broken off, `<b` is more likely a comparison.
    private static let singleLetterNames = Set("abipqsu".utf8)

    /// Of two letters and more.
    private static let knownNames: Set<[UInt8]> = Set(
        """
        abbr address applet area article aside audio base basefont bdi bdo bgsound big blink blockquote body br button canvas caption center \
        cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form \
        frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe image img input ins isindex kbd keygen label legend li link listing \
        main map mark marquee math menu meta meter nav noembed noframes noscript object ol optgroup option output param picture plaintext pre \
        progress rb rp rt rtc ruby samp script search section select slot small source span strike strong style sub summary sup svg table tbody td \
        template textarea tfoot th thead time title tr track tt ul var video wbr xml xmp
        """.split(separator: " ").map { Array($0.utf8) })
}
