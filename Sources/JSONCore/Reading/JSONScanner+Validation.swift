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
        let origin = position
        defer { JSONWork.passed(position &- origin) }
        var nesting = JSONNesting()
        var deepest = 0
        skipWhitespace()
        let start = position
        var end = start
        value: while true {
            skipWhitespace()
            if collects, nesting.depth == 1 { elements.append(position) }
            switch current {
            case JSONByte.quote:
                _ = try validateString()
            case JSONByte.openBrace, JSONByte.openBracket:
                let isObject = current == JSONByte.openBrace
                guard nesting.depth < maximumDepth else { throw error(.tooDeep) }
                deepest = max(deepest, nesting.depth &+ 1)
                position &+= 1
                skipWhitespace()
                if current == (isObject ? JSONByte.closeBrace : JSONByte.closeBracket) {
                    position &+= 1
                } else {
                    nesting.push(isObject: isObject)
                    if isObject { try validateKey() }
                    continue value
                }
            case JSONByte.minus, JSONByte.zero...JSONByte.nine:
                try validateNumber()
            case UInt8(ascii: "t"): try validateLiteral("true")
            case UInt8(ascii: "f"): try validateLiteral("false")
            case UInt8(ascii: "n"): try validateLiteral("null")
            default: throw unexpected()
            }
            // After a value: a comma goes on, closing brackets end what they opened.
            while nesting.depth > 0 {
                skipWhitespace()
                switch current {
                case JSONByte.comma:
                    position &+= 1
                    if nesting.isObject { try validateKey() }
                    continue value
                case JSONByte.closeBrace where nesting.isObject, JSONByte.closeBracket where !nesting.isObject:
                    position &+= 1
                    nesting.pop()
                default: throw unexpected()
                }
            }
            end = position
            break value
        }
        skipWhitespace()
        guard position == bytes.count else { throw error(.trailingBytes) }
        return (start..<end, deepest)
    }

    func error(_ kind: JSONSyntaxError.Kind) -> JSONSyntaxError { JSONSyntaxError(kind, at: position) }

    private func unexpected() -> JSONSyntaxError {
        error(position < bytes.count ? .unexpectedByte : .unexpectedEnd)
    }

    private mutating func validateKey() throws(JSONSyntaxError) {
        skipWhitespace()
        guard current == JSONByte.quote else { throw unexpected() }
        _ = try validateString()
        skipWhitespace()
        guard current == JSONByte.colon else { throw unexpected() }
        position &+= 1
    }

    private mutating func validateLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
        for index in 0..<literal.utf8CodeUnitCount {
            guard current == literal.utf8Start[index] else { throw unexpected() }
            position &+= 1
        }
    }

    private mutating func validateNumber() throws(JSONSyntaxError) {
        if current == JSONByte.minus { position &+= 1 }
        if current == JSONByte.zero {
            position &+= 1
        } else {
            try validateDigits()
        }
        if current == JSONByte.point {
            position &+= 1
            try validateDigits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if current == JSONByte.plus || current == JSONByte.minus { position &+= 1 }
            try validateDigits()
        }
        // "01" and "1x" would else be found as unexpected bytes a level above.
        switch current {
        case JSONByte.zero...JSONByte.nine, JSONByte.point: throw error(.invalidNumber)
        default: return
        }
    }

    private mutating func validateDigits() throws(JSONSyntaxError) {
        let start = position
        while current &- JSONByte.zero < 10 { position &+= 1 }
        guard position > start else { throw error(.invalidNumber) }
    }
}
