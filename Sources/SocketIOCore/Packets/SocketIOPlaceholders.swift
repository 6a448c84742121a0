import JSONCore
import NIOCore

/// `{"_placeholder":true,"num":n}` stands where attachment `n` belongs.
enum SocketIOPlaceholders {
    /// Checks every placeholder of a binary packet, in one pass over its payload.
    ///
    /// The number must be that of an attachment, and no two may be the same. Attachments without a placeholder are tolerated.
    ///
    /// - Parameter json: valid JSON.
    static func check(_ json: UnsafeRawBufferPointer, attachmentCount: Int) throws(SocketIOProtocolError) {
        var scanner = JSONScanner(json)
        defer { JSONWork.passed(scanner.position) }
        var open: [Candidate] = []
        var seen = [Bool](repeating: false, count: attachmentCount)
        while scanner.position < json.count {
            switch scanner.current {
            case JSONByte.openBrace, JSONByte.openBracket:
                open.append(Candidate())
                scanner.position += 1
            case JSONByte.closeBrace, JSONByte.closeBracket:
                scanner.position += 1
                guard let candidate = open.popLast(), candidate.isMarked else { continue }
                guard let number = candidate.number, number < attachmentCount, !seen[number] else {
                    throw SocketIOProtocolError(.invalidPlaceholder)
                }
                seen[number] = true
            case JSONByte.quote:
                let start = scanner.position + 1
                let hasEscapes = scanner.skipString()
                let text = UnsafeRawBufferPointer(rebasing: json[start..<max(scanner.position - 1, start)])
                scanner.skipWhitespace()
                // Only an object's key has a colon behind it.
                guard scanner.current == JSONByte.colon, !open.isEmpty else { continue }
                scanner.position += 1
                scanner.skipWhitespace()
                if says(text, hasEscapes, "_placeholder") {
                    open[open.count - 1].isMarked = scanner.current == UInt8(ascii: "t")
                } else if says(text, hasEscapes, "num") {
                    open[open.count - 1].number = self.number(at: scanner)
                }
            default:
                scanner.position += 1
            }
        }
    }

    /// An open container that may be a placeholder. If a key is repeated, the last one counts.
    private struct Candidate {
        var isMarked = false
        var number: Int?
    }

    private static func says(_ text: UnsafeRawBufferPointer, _ hasEscapes: Bool, _ key: StaticString) -> Bool {
        JSONString.equals(text, hasEscapes: hasEscapes, UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    }

    /// A whole number without a sign; nil for anything else. It stops once the number is too large for an attachment.
    private static func number(at scanner: JSONScanner) -> Int? {
        var scanner = scanner
        let start = scanner.position
        var number = 0
        while scanner.current &- JSONByte.zero < 10 {
            guard scanner.position - start < Self.maximumDigits else { return nil }
            number = number * 10 + Int(scanner.current &- JSONByte.zero)
            scanner.position += 1
        }
        guard scanner.position > start else { return nil }
        switch scanner.current {
        // To JavaScript 1.0 and 1e0 are whole numbers, but no known client writes them.
        case JSONByte.point, UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
        default: return number
        }
    }

    private static let maximumDigits = 9

    /// The number of the placeholder that an object is.
    static func number(_ object: UnsafeRawBufferPointer) -> Int? {
        var walk = JSONWalk(object)
        var candidate = Candidate()
        while walk.isObject, walk.next() {
            let key = UnsafeRawBufferPointer(rebasing: object[walk.key])
            if says(key, walk.keyHasEscapes, "_placeholder") {
                candidate.isMarked = object[walk.value.lowerBound] == UInt8(ascii: "t")
            } else if says(key, walk.keyHasEscapes, "num") {
                candidate.number = number(at: JSONScanner(object, at: walk.value.lowerBound))
            }
        }
        return candidate.isMarked ? candidate.number : nil
    }
}
