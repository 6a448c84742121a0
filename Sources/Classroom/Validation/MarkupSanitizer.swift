/// Takes markup out of plain text: a `script` element goes with its content, of any other tag only the tag itself.
///
/// What begins a tag is what HTML says: `<` followed at once by a letter, `/` and a letter, `!` or `?`. So `a < b`, `<3` and `</3` stay. A tag ends
/// at the first `>`; one broken off by another `<` or by the end of the text goes too if its name is one that HTML knows, and else its `<` is
/// text. A tag hidden in another one's name (`<scr<script>ipt>`) is taken out first, and the result is read again until no tag is left, so that
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
        var index = 0
        while index < bytes.count {
            guard bytes[index] == open, let tag = tag(at: index, in: bytes, depth: 0) else {
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
        while index < bytes.count, bytes[index] != close, bytes[index] != open { index += 1 }
        if index < bytes.count, bytes[index] == close { return Tag(name: name, isClosing: isClosing, end: index + 1) }
        return knownNames.contains(name) ? Tag(name: name, isClosing: isClosing, end: index) : nil
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

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Of two letters and more: a broken-off `<b` is more likely a comparison.
    private static let knownNames: Set<[UInt8]> = Set(
        """
        abbr address applet area article aside audio base basefont bdi bdo bgsound big blink blockquote body br button canvas caption center \
        cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form \
        frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe image img input ins isindex kbd keygen label legend li link listing \
        main map mark marquee math menu meta meter nav noembed noframes noscript object ol optgroup option output param picture plaintext pre \
        progress rp rt ruby samp script search section select slot small source span strike strong style sub summary sup svg table tbody td \
        template textarea tfoot th thead time title tr track tt ul var video wbr xml xmp
        """.split(separator: " ").map { Array($0.utf8) })
}
