/// Validates an unchecked text in one pass, without recursion.
extension JSONScanner {
    /// Moves from the beginning of a text past its one value and the whitespace after it.
    ///
    /// - Parameters:
    ///   - maximumDepth: arrays and objects that may stand within one another; 0 allows scalars only.
    ///   - elements: where the elements of the outermost array (or the values of the outermost object) begin, if asked for.
    /// - Returns: The bytes of the value, without the whitespace around it, and how many containers stand within one another.
    package mutating func validate(
        maximumDepth: Int, elements: inout JSONElementIndex, collects: Bool
    ) throws(JSONSyntaxError) -> (range: Range<Int>, depth: Int) {
        let origin = self.position
        defer { JSONWork.passed(self.position &- origin) }
        var nesting = JSONNesting()
        var deepest = 0
        self.skipWhitespace()
        let start = self.position
        var end = start
        value: while true {
            self.skipWhitespace()
            if collects, nesting.depth == 1 { elements.append(self.position) }
            switch self.current {
            case JSONByte.quote:
                _ = try self.validateString()
            case JSONByte.openBrace, JSONByte.openBracket:
                let isObject = self.current == JSONByte.openBrace
                guard nesting.depth < maximumDepth else { throw self.error(.tooDeep) }
                deepest = max(deepest, nesting.depth &+ 1)
                self.position &+= 1
                self.skipWhitespace()
                if self.current == (isObject ? JSONByte.closeBrace : JSONByte.closeBracket) {
                    self.position &+= 1
                } else {
                    nesting.push(isObject: isObject)
                    if isObject { try self.validateKey() }
                    continue value
                }
            case JSONByte.minus, JSONByte.zero...JSONByte.nine:
                try self.validateNumber()
            case UInt8(ascii: "t"): try self.validateLiteral("true")
            case UInt8(ascii: "f"): try self.validateLiteral("false")
            case UInt8(ascii: "n"): try self.validateLiteral("null")
            default: throw self.unexpected()
            }
            // After a value: a comma goes on, closing brackets end what they opened.
            while nesting.depth > 0 {
                self.skipWhitespace()
                switch self.current {
                case JSONByte.comma:
                    self.position &+= 1
                    if nesting.isObject { try self.validateKey() }
                    continue value
                case JSONByte.closeBrace where nesting.isObject, JSONByte.closeBracket where !nesting.isObject:
                    self.position &+= 1
                    nesting.pop()
                default: throw self.unexpected()
                }
            }
            end = self.position
            break value
        }
        self.skipWhitespace()
        guard self.position == self.bytes.count else { throw self.error(.trailingBytes) }
        return (start..<end, deepest)
    }

    func error(_ kind: JSONSyntaxError.Kind) -> JSONSyntaxError { JSONSyntaxError(kind, at: self.position) }

    private func unexpected() -> JSONSyntaxError {
        self.error(self.position < self.bytes.count ? .unexpectedByte : .unexpectedEnd)
    }

    private mutating func validateKey() throws(JSONSyntaxError) {
        self.skipWhitespace()
        guard self.current == JSONByte.quote else { throw self.unexpected() }
        _ = try self.validateString()
        self.skipWhitespace()
        guard self.current == JSONByte.colon else { throw self.unexpected() }
        self.position &+= 1
    }

    private mutating func validateLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
        for index in 0..<literal.utf8CodeUnitCount {
            guard self.current == literal.utf8Start[index] else { throw self.unexpected() }
            self.position &+= 1
        }
    }

    private mutating func validateNumber() throws(JSONSyntaxError) {
        if self.current == JSONByte.minus { self.position &+= 1 }
        if self.current == JSONByte.zero {
            self.position &+= 1
        } else {
            try self.validateDigits()
        }
        if self.current == JSONByte.point {
            self.position &+= 1
            try self.validateDigits()
        }
        if self.current | 0x20 == UInt8(ascii: "e") {
            self.position &+= 1
            if self.current == JSONByte.plus || self.current == JSONByte.minus { self.position &+= 1 }
            try self.validateDigits()
        }
        // "01" and "1x" would else be found as unexpected bytes a level above.
        switch self.current {
        case JSONByte.zero...JSONByte.nine, JSONByte.point: throw self.error(.invalidNumber)
        default: return
        }
    }

    private mutating func validateDigits() throws(JSONSyntaxError) {
        let start = self.position
        while self.current &- JSONByte.zero < 10 { self.position &+= 1 }
        guard self.position > start else { throw self.error(.invalidNumber) }
    }
}
