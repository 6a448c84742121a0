/// Takes markup out of plain text: a `script` element goes with its content, of any other tag only the tag itself.
///
/// What begins a tag is what HTML says: `<` followed at once by a letter, `/` and a letter, `!` or `?`. So `a < b`, `<3` and `</3` stay. A tag ends
/// at the first `>`, or at another `<` or the end of the text. What has the form of a tag is one if HTML knows its name, if it is named as
/// elements of one's own are (with a hyphen), or if it has an attribute that could do something. All else is text in angle brackets:
/// `#include <stdio.h>`, `List<String>`, `I am <Batman>!`, `<ann-lee@example.org>`. So is a bare name that HTML knows where people and code
/// put one, as long as nothing closes it: a type or a person with a capital (`List<Object>`, `<Mark>`), a type behind another one's name
/// (`List<object>`), an included header (`#include <map>`), a name of one's own (`<your-name>`). And so is a comparison of two sides
/// (`a <b and c> d`). A tag hidden in another one's name (`<scr<script>ipt>`) is taken out first, and the result is read again until no tag
/// is left, so that removal can't make one.
///
/// Work is linear in the length, whatever the text: the tags are found from the end to the beginning, so that those that may be hidden in
/// another one's name are known when it is read, and the number of passes is bounded.
enum MarkupSanitizer {
    private static let maximumPasses = 4

    static func plainText(_ text: String) -> String {
        guard text.utf8.contains(open) else { return text }
        var bytes = Array(text.utf8)
        for _ in 0..<maximumPasses {
            let stripped = strip(bytes)
            if stripped.count == bytes.count { return String(decoding: stripped, as: UTF8.self) }
            bytes = stripped
        }
        // The text was built to keep yielding tags. Without its opening brackets it yields none.
        bytes.removeAll { $0 == open }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func strip(_ bytes: [UInt8]) -> [UInt8] {
        let tags = tags(in: bytes)
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var next = tags.startIndex
        var index = 0
        while index < bytes.count {
            while next < tags.endIndex, tags[next].start < index || tags[next].isText { next += 1 }
            guard next < tags.endIndex else { break }
            kept += bytes[index..<tags[next].start]
            let tag = tags[next]
            index = tag.end
            guard tag.name == script, !tag.isClosing else { continue }
            // Its content goes with it, up to and including the tag that closes it.
            while next < tags.endIndex, tags[next].start < index || tags[next].name != script || !tags[next].isClosing { next += 1 }
            index = next < tags.endIndex ? tags[next].end : bytes.count
        }
        if index < bytes.count { kept += bytes[index...] }
        return kept
    }

    private struct Tag {
        var start: Int
        /// The index behind it.
        var end: Int
        var name = Name()
        var isClosing = false
        /// Nothing but its name stands between the brackets.
        var isBare = false
        /// It has the form of an element but stands where people and code put other things in angle brackets.
        var isText = false
    }

    /// The nearest marks behind the current position.
    private struct Ahead {
        /// The next `<` or `>`.
        var bracket: Int
        /// The next `>` behind two hyphens.
        var commentEnd: Int
        /// The next `=`.
        var equals: Int
    }

    /// All tags, those within others too, in the order in which they begin.
    private static func tags(in bytes: [UInt8]) -> [Tag] {
        var found: [Tag] = []
        /// For each index, the end of the tag that begins there; 0 if none does.
        var ends = [Int32](repeating: 0, count: bytes.count)
        var ahead = Ahead(bracket: bytes.count, commentEnd: bytes.count, equals: bytes.count)
        let closing = closingNames(in: bytes)
        for index in bytes.indices.reversed() {
            switch bytes[index] {
            case close:
                ahead.bracket = index
                if index >= 2, bytes[index - 1] == dash, bytes[index - 2] == dash { ahead.commentEnd = index }
            case equals: ahead.equals = index
            case open:
                if var tag = tag(at: index, in: bytes, ends, ahead) {
                    tag.isText = isText(tag, in: bytes, ahead, closing)
                    found.append(tag)
                    ends[index] = Int32(truncatingIfNeeded: tag.end)
                }
                ahead.bracket = index
            default: break
            }
        }
        found.reverse()
        return found
    }

    /// The tag that begins at `start`, where a `<` is; nil when that `<` is text.
    private static func tag(at start: Int, in bytes: [UInt8], _ ends: [Int32], _ ahead: Ahead) -> Tag? {
        var index = start + 1
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "?") { return declaration(at: start, in: bytes, ahead) }
        let isClosing = bytes[index] == UInt8(ascii: "/")
        if isClosing { index += 1 }
        guard index < bytes.count, isLetter(bytes[index]) else { return nil }
        var name = Name()
        scan: while index < bytes.count {
            switch bytes[index] {
            case close, UInt8(ascii: "/"): break scan
            case open:
                let end = Int(ends[index])
                guard end > 0, bytes[end - 1] == close else { break scan }
                index = end
            case let byte where isSpace(byte): break scan
            case let byte:
                name.append(lowercased(byte))
                index += 1
            }
        }
        let attributes = index
        // Behind the tags in its name every bracket is a new one; before them it is the next.
        if index < ahead.bracket { index = ahead.bracket }
        while index < bytes.count, bytes[index] != close, bytes[index] != open { index += 1 }
        let isClosed = index < bytes.count && bytes[index] == close
        let isElement =
            knownNames.contains(name) || (isClosed && (singleLetterNames.contains(name) || name.isOfOnesOwn))
            || hasActiveAttribute(bytes[attributes..<index])
        guard isElement else { return nil }
        return Tag(
            start: start, end: isClosed ? index + 1 : index, name: name, isClosing: isClosing,
            isBare: isClosed && attributes == index && index == ahead.bracket)
    }

    private static func isText(_ tag: Tag, in bytes: [UInt8], _ ahead: Ahead, _ closing: Set<Name>) -> Bool {
        guard !tag.isClosing, bytes[tag.end - 1] == close, !neverText.contains(tag.name), !closing.contains(tag.name) else { return false }
        // Comments and the like.
        guard tag.name.count > 0 else { return false }
        let isInCode = tag.start > 0 && isIdentifier(bytes[tag.start - 1])
        guard tag.isBare else {
            // `a<b && c>d`, `a <b or c> d`
            guard tag.name.count == 1, ahead.equals >= tag.end else { return false }
            return isInCode || joinsConditions(bytes[(tag.start + 2)..<(tag.end - 1)])
        }
        if isUppercase(bytes[tag.start + 1]) {
            // `List<Object>`, `Set<A>`, "I am <Mark>".
            return tag.name.count == 1 ? isInCode : !isUppercase(bytes[tag.start + 2])
        }
        if isInCode ? typeNames.contains(tag.name) : tag.name.isOfOnesOwn { return true }
        var end = tag.start
        while end > 0, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes[..<end].suffix(8).elementsEqual("#include".utf8) || bytes[..<end].suffix(7).elementsEqual("#import".utf8)
    }

    /// Whether one of the words is an operator between two conditions.
    private static func joinsConditions(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.split(whereSeparator: isSpace).contains { word in
            ["and", "or", "&&", "||"].contains { word.elementsEqual($0.utf8) }
        }
    }

    /// The names of all that `</` is followed by: an element that is closed somewhere is one.
    private static func closingNames(in bytes: [UInt8]) -> Set<Name> {
        var names: Set<Name> = []
        for index in bytes.indices.dropLast(2) where bytes[index] == open && bytes[index + 1] == UInt8(ascii: "/") {
            names.insert(Name(bytes[(index + 2)...].prefix(Name.longest).prefix(while: isNamePart).lazy.map(lowercased)))
        }
        return names
    }

    /// `onclick=`, `href=` and the like: what lets an element that HTML does not know run something or lead somewhere.
    private static func hasActiveAttribute(_ attributes: ArraySlice<UInt8>) -> Bool {
        var name = Name()
        var isAfterSpace = false
        for byte in attributes {
            switch byte {
            case equals:
                if name.startsWithOn || activeAttributes.contains(name) { return true }
                name = Name()
            case let byte where isSpace(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"):
                isAfterSpace = true
            default:
                if isAfterSpace { name = Name() }
                isAfterSpace = false
                name.append(lowercased(byte))
            }
        }
        return false
    }

    /// A comment, a document type or a processing instruction.
    private static func declaration(at start: Int, in bytes: [UInt8], _ ahead: Ahead) -> Tag? {
        let index = start + 2
        guard index < bytes.count else { return nil }
        if bytes[start + 1] == UInt8(ascii: "!"), bytes[index...].starts(with: [dash, dash]) {
            return Tag(start: start, end: min(ahead.commentEnd + 1, bytes.count))
        }
        guard isLetter(bytes[index]) || bytes[index] == UInt8(ascii: "[") else { return nil }
        guard ahead.bracket < bytes.count, bytes[ahead.bracket] == close else { return nil }
        return Tag(start: start, end: ahead.bracket + 1)
    }

    private static let open = UInt8(ascii: "<")
    private static let close = UInt8(ascii: ">")
    private static let dash = UInt8(ascii: "-")
    private static let equals = UInt8(ascii: "=")

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
}

/// The names that matter.
extension MarkupSanitizer {
    /// The first bytes of a tag's or an attribute's name, more than any name has that matters.
    private struct Name: Hashable {
        static let longest = 16

        private var low: UInt64 = 0
        private var high: UInt64 = 0
        private(set) var count = 0
        private var hasHyphen = false
        /// No element has such a byte in its name, but addresses have.
        private var isAddress = false

        init(_ text: some Sequence<UInt8> = []) {
            for byte in text { append(byte) }
        }

        /// One of 64: the upper bits of a product depend on all bits.
        var bucket: Int { Int(truncatingIfNeeded: ((low ^ high) &* 0x9E37_79B9_7F4A_7C15) >> 58) }

        func hash(into hasher: inout Hasher) {
            hasher.combine(low)
            hasher.combine(high)
        }

        /// As authors of pages name elements: with a hyphen.
        var isOfOnesOwn: Bool { hasHyphen && !isAddress }

        var startsWithOn: Bool { count >= 2 && low & 0xFFFF == 0x6E6F }

        mutating func append(_ byte: UInt8) {
            if byte == UInt8(ascii: "@") || byte == UInt8(ascii: ":") { isAddress = true }
            switch count {
            case 0..<8: low |= UInt64(byte) << (8 * UInt64(count))
            case 8..<Name.longest: high |= UInt64(byte) << (8 * UInt64(count - 8))
            default: return
            }
            if byte == dash { hasHyphen = true }
            count += 1
        }
    }

    /// Names that are known beforehand, in small buckets: it is asked for each `<`, and the hash of a `Set` costs several times as much.
    private struct NameTable {
        private var buckets = [[Name]](repeating: [], count: 64)

        init(_ text: String) {
            for part in text.split(separator: " ") {
                let name = Name(part.utf8)
                buckets[name.bucket].append(name)
            }
        }

        func contains(_ name: Name) -> Bool {
            buckets[name.bucket].contains { $0 == name }
        }
    }

    private static func names(_ text: String) -> NameTable { NameTable(text) }

    private static let script = Name("script".utf8)

    private static let activeAttributes = names("href src style action formaction srcdoc data xlink:href values to from")

    /// Elements that stand alone, or whose content browsers read differently. They are never taken for a name in the text, whatever their case.
    private static let neverText = names(
        """
        br embed hr iframe img input link math meta noembed noframes noscript plaintext script style svg template textarea wbr xmp
        """)

    /// Types of programming languages too.
    private static let typeNames = names("data map object option time var")

    /// Broken off, `<b` is more likely a comparison.
    private static let singleLetterNames = names("a b i p q s u")

    /// Names of two letters or more.
    private static let knownNames = names(
        """
        abbr address applet area article aside audio base basefont bdi bdo bgsound big blink blockquote body br button canvas caption center \
        cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form \
        frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe image img input ins isindex kbd keygen label legend li link listing \
        main map mark marquee math menu meta meter nav noembed noframes noscript object ol optgroup option output param picture plaintext pre \
        progress rb rp rt rtc ruby samp script search section select slot small source span strike strong style sub summary sup svg table tbody td \
        template textarea tfoot th thead time title tr track tt ul var video wbr xml xmp
        """)
}
