import NIOCore

/// `{"_placeholder":true,"num":n}` stands where attachment `n` belongs.
enum SocketIOPlaceholders {
    /// Checks every placeholder of a binary packet, in one pass over its payload.
    ///
    /// The number must be that of an attachment, and no two may be the same. Attachments without a placeholder are tolerated.
    static func check(_ json: UnsafeRawBufferPointer, attachmentCount: Int) throws(SocketIOProtocolError) {
        var scanner = JSONScanner(json)
        var openings: [Int] = []
        var seen = [Bool](repeating: false, count: attachmentCount)
        while scanner.position < json.count {
            switch scanner.current {
            case JSONByte.openBrace, JSONByte.openBracket:
                openings.append(scanner.position)
                scanner.position += 1
            case JSONByte.closeBrace, JSONByte.closeBracket:
                _ = openings.popLast()
                scanner.position += 1
            case JSONByte.quote:
                let isMark = self.isMark(&scanner)
                guard isMark, let start = openings.last else { continue }
                var object = JSONScanner(json, at: start)
                object.skipValue()
                let number = self.number(UnsafeRawBufferPointer(rebasing: json[start..<object.position]))
                guard let number, number < attachmentCount, !seen[number] else {
                    throw SocketIOProtocolError(.invalidPlaceholder)
                }
                seen[number] = true
            default:
                scanner.position += 1
            }
        }
    }

    /// Moves past a string.
    /// - Returns: Whether it is the key of a placeholder, its value true.
    private static func isMark(_ scanner: inout JSONScanner) -> Bool {
        let start = scanner.position + 1
        _ = scanner.skipString()
        let text = UnsafeRawBufferPointer(rebasing: scanner.bytes[start..<max(scanner.position - 1, start)])
        guard text.elementsEqual("_placeholder".utf8) else { return false }
        scanner.skipWhitespace()
        guard scanner.current == JSONByte.colon else { return false }
        scanner.position += 1
        scanner.skipWhitespace()
        return scanner.current == UInt8(ascii: "t")
    }

    /// The number of the placeholder that an object is.
    static func number(_ object: UnsafeRawBufferPointer) -> Int? {
        var walk = JSONWalk(object)
        var isPlaceholder = false
        var number: Int?
        while walk.isObject, walk.next() {
            switch walk.keyText {
            case "_placeholder": isPlaceholder = object[walk.value.lowerBound] == UInt8(ascii: "t")
            case "num":
                let value = UnsafeRawBufferPointer(rebasing: object[walk.value])
                switch value.first {
                case .some(JSONByte.zero...JSONByte.nine): number = JSONNumber.integer(value, as: Int.self)
                default: number = nil
                }
            default: break
            }
        }
        guard isPlaceholder, let number, number >= 0 else { return nil }
        return number
    }
}
