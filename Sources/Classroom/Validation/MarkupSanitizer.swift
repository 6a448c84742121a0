/// Takes markup out of plain text: a `script` element goes with its content, of any other tag only the tag itself.
///
/// What begins a tag is what HTML says: `<` followed at once by a letter, `/` and a letter, `!` or `?`. So `a < b`, `<3` and `</3` stay. A tag ends
/// at the first `>`; one broken off by another `<` or by the end of the text goes too if its name is one that HTML knows, and else its `<` is
/// text. A tag hidden in another one's name (`<scr<script>ipt>`) is taken out first, and the result is read again until no tag is left, so that
/// removal can't make one.
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
        // Something built to keep yielding tags: without its opening brackets it yields none.
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
            while next < tags.endIndex, tags[next].start < index { next += 1 }
            guard next < tags.endIndex else { break }
            kept += bytes[index..<tags[next].start]
            let tag = tags[next]
            index = tag.end
            guard tag.opensScript else { continue }
            // Its content goes with it, up to and including the tag that closes it.
            while next < tags.endIndex, tags[next].start < index || !tags[next].closesScript { next += 1 }
            index = next < tags.endIndex ? tags[next].end : bytes.count
        }
        if index < bytes.count { kept += bytes[index...] }
        return kept
    }

    private struct Tag {
        var start: Int
        /// The index behind it.
        var end: Int
        var opensScript = false
        var closesScript = false
    }

    /// All tags, those within others too, in the order in which they begin.
    private static func tags(in bytes: [UInt8]) -> [Tag] {
        var found: [Tag] = []
        /// Where the tag that begins at an index ends; 0: no tag begins there.
        var ends = [Int32](repeating: 0, count: bytes.count)
        /// The next `<` or `>`, and the next `>` behind two hyphens.
        var nextBracket = bytes.count
        var nextCommentEnd = bytes.count
        for index in bytes.indices.reversed() {
            switch bytes[index] {
            case close:
                nextBracket = index
                if index >= 2, bytes[index - 1] == dash, bytes[index - 2] == dash { nextCommentEnd = index }
            case open:
                if let tag = tag(at: index, in: bytes, ends, nextBracket: nextBracket, nextCommentEnd: nextCommentEnd) {
                    found.append(tag)
                    ends[index] = Int32(truncatingIfNeeded: tag.end)
                }
                nextBracket = index
            default: break
            }
        }
        found.reverse()
        return found
    }

    /// The tag that begins at `start`, where a `<` is; nil when that `<` is text.
    private static func tag(
        at start: Int, in bytes: [UInt8], _ ends: [Int32], nextBracket: Int, nextCommentEnd: Int
    ) -> Tag? {
        var index = start + 1
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "?") {
            return declaration(at: start, in: bytes, nextBracket: nextBracket, nextCommentEnd: nextCommentEnd)
        }
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
        // Behind the tags in its name every bracket is a new one; before them it is the next.
        if index < nextBracket { index = nextBracket }
        while index < bytes.count, bytes[index] != close, bytes[index] != open { index += 1 }
        let isWhole = index < bytes.count && bytes[index] == close
        guard isWhole || knownNames.contains(name) else { return nil }
        let isScript = name == script
        return Tag(start: start, end: isWhole ? index + 1 : index, opensScript: isScript && !isClosing, closesScript: isScript && isClosing)
    }

    /// A comment, a document type or a processing instruction.
    private static func declaration(at start: Int, in bytes: [UInt8], nextBracket: Int, nextCommentEnd: Int) -> Tag? {
        let index = start + 2
        guard index < bytes.count else { return nil }
        if bytes[start + 1] == UInt8(ascii: "!"), bytes[index...].starts(with: [dash, dash]) {
            return Tag(start: start, end: min(nextCommentEnd + 1, bytes.count))
        }
        guard isLetter(bytes[index]) || bytes[index] == UInt8(ascii: "[") else { return nil }
        guard nextBracket < bytes.count, bytes[nextBracket] == close else { return nil }
        return Tag(start: start, end: nextBracket + 1)
    }

    /// The first bytes of a tag's name, as many as the longest name that matters has and one more.
    private struct Name: Hashable {
        private var low: UInt64 = 0
        private var high: UInt64 = 0
        private var count: UInt8 = 0

        init(_ text: some Sequence<UInt8> = []) {
            for byte in text { append(byte) }
        }

        mutating func append(_ byte: UInt8) {
            switch count {
            case 0..<8: low |= UInt64(byte) << (8 * UInt64(count))
            case 8..<16: high |= UInt64(byte) << (8 * UInt64(count - 8))
            default: return
            }
            count += 1
        }
    }

    private static let open = UInt8(ascii: "<")
    private static let close = UInt8(ascii: ">")
    private static let dash = UInt8(ascii: "-")
    private static let script = Name("script".utf8)

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Of two letters and more: a broken-off `<b` is more likely a comparison.
    private static let knownNames: Set<Name> = Set(
        """
        abbr address applet area article aside audio base basefont bdi bdo bgsound big blink blockquote body br button canvas caption center \
        cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form \
        frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe image img input ins isindex kbd keygen label legend li link listing \
        main map mark marquee math menu meta meter nav noembed noframes noscript object ol optgroup option output param picture plaintext pre \
        progress rp rt ruby samp script search section select slot small source span strike strong style sub summary sup svg table tbody td \
        template textarea tfoot th thead time title tr track tt ul var video wbr xml xmp
        """.split(separator: " ").map { Name($0.utf8) })
}
