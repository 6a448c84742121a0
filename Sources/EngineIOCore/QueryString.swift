/// Splits a request target into path and decoded query parameters. If a parameter is given twice, the first one counts.
public enum QueryString {
    /// At most this many parameters are read; the rest are ignored.
    public static let maximumParameters = 64
    /// A parameter with a longer name, in bytes, is ignored: a dictionary normalises its keys, in quadratic time where one letter has many
    /// marks.
    public static let maximumNameBytes = 256

    public static func split(_ target: String) -> (path: Substring, query: Substring) {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target[...], "") }
        return (target[..<mark], target[target.utf8.index(after: mark)...])
    }

    /// The path of a request target, also of one that names a scheme and a host (RFC 9112 §3.2.2).
    public static func path(of target: String) -> Substring {
        let path = split(target).path
        guard let rest = afterScheme(path) else { return path }
        return rest.utf8.firstIndex(of: UInt8(ascii: "/")).map { rest[$0...] } ?? "/"
    }

    /// The host and port of a request target that names a scheme (RFC 9112 §3.2.2); nil: it names none.
    public static func authority(of target: String) -> Substring? {
        guard let rest = afterScheme(split(target).path) else { return nil }
        return rest[..<(rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex)]
    }

    /// What follows `://`. By bytes: comparing letters normalises them, which takes quadratic time if one letter has many marks.
    private static func afterScheme(_ path: Substring) -> Substring? {
        guard path.utf8.first != UInt8(ascii: "/") else { return nil }
        var rest = path.utf8
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[rest.index(after: colon)...]
            if rest.starts(with: "//".utf8) { return Substring(rest.dropFirst(2)) }
        }
        return nil
    }

    public static func parameters(_ query: Substring) -> [String: String] {
        // Clients send two or three.
        var result = [String: String](minimumCapacity: 3)
        var rest = query.utf8[...]
        var count = 0
        while !rest.isEmpty, count < maximumParameters {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
            let pair = rest[..<end]
            rest = end < rest.endIndex ? rest[rest.index(after: end)...] : rest[end...]
            guard !pair.isEmpty else { continue }
            count += 1
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = decode(pair[..<(equals ?? pair.endIndex)])
            let value = equals.map { decode(pair[pair.index(after: $0)...]) } ?? ""
            if name.utf8.count <= maximumNameBytes, result[name] == nil { result[name] = value }
        }
        return result
    }

    /// Percent-decoding, `+` as a space. A `%` that two hexadecimal digits do not follow stays.
    private static func decode(_ text: Substring.UTF8View.SubSequence) -> String {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(decoding: text, as: UTF8.self)
        }
        let bytes = Array(text)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]), let low = hex(bytes[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
