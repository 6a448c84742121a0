extension OpenTriviaQARecord {
    /// A line of the file, by the positions of its bytes.
    struct Line {
        let start: Int
        /// Without the blanks at its end.
        private(set) var end: Int
        /// The position of the line end.
        let endWithBlanks: Int
        /// False: it has bytes that are not UTF-8.
        private(set) var isText = true
        private(set) var hasControlCharacters = false

        var count: Int { end - start }
        var isBlank: Bool { end == start && isText }

        /// Reads until `newline` or the end of the file.
        init(from start: Int, to newline: UInt8, in bytes: Bytes) {
            self.start = start
            var end = start
            var isPlain = true
            while end < bytes.count, bytes[end] != newline {
                isPlain = isPlain && Self.isPlain(bytes[end])
                end &+= 1
            }
            endWithBlanks = end
            self.end = end
            if isPlain {
                // Nearly all lines, which need no closer look.
                while self.end > start, bytes[self.end &- 1] <= 0x20 { self.end &-= 1 }
            } else {
                let line = Bytes(rebasing: bytes[start..<end])
                isText = String(validating: line, as: UTF8.self) != nil
                hasControlCharacters = ControlCharacters.are(in: UnsafeRawBufferPointer(line))
                if isText { self.end = start + Self.countWithoutBlankEnd(line) }
            }
        }

        /// ASCII without control characters.
        private static func isPlain(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5F || byte == 0x09 || byte == 0x0D }

        /// Where the text is behind a mark of so many bytes. A blank or two separate them; more, or a tab, is indentation.
        func value(behind mark: Int, in bytes: Bytes) -> Range<Int> {
            var first = start + mark
            while first < end, bytes[first] == UInt8(ascii: " ") { first &+= 1 }
            let blanks = first - start - mark
            let isTab = blanks == 0 && first < end && bytes[first] == UInt8(ascii: "\t")
            if blanks > 2 || isTab { first = start + mark + 1 }
            return first..<end
        }

        /// A capital letter, and white space behind it or nothing.
        func isChoice(in bytes: Bytes) -> Bool {
            guard start < end, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[start]) else { return false }
            guard count > 1, bytes[start + 1] >= 0x80 else { return count == 1 || Self.isBlank(bytes[start + 1]) }
            var next = start + 2
            while next < end, bytes[next] & 0xC0 == 0x80 { next += 1 }
            return Self.isBlank(bytes[start + 1..<next])
        }

        private static func countWithoutBlankEnd(_ line: Bytes) -> Int {
            var end = line.count
            while end > 0 {
                var start = end - 1
                if line[start] < 0x80 {
                    guard isBlank(line[start]) else { break }
                } else {
                    // A character of several bytes: to its first one.
                    while start > 0, line[start] & 0xC0 == 0x80 { start -= 1 }
                    guard isBlank(line[start..<end]) else { break }
                }
                end = start
            }
            return end
        }

        private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

        /// - Parameter character: the bytes of one.
        private static func isBlank(_ character: Slice<Bytes>) -> Bool {
            String(decoding: character, as: UTF8.self).unicodeScalars.first?.properties.isWhitespace == true
        }
    }
}
