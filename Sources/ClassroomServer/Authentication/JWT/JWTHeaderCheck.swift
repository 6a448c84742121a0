import Foundation

/// Looks at a token's header before anything is verified: the algorithm is the key's, never the token's choice.
enum JWTHeaderCheck {
    private struct Header: Decodable {
        var alg: String
        var crit: [String]?
    }

    static func check(_ token: String, algorithm: String) throws(JWTRefusal) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy(isBase64URL), let bytes = decoded(parts[0]) else { throw .malformed }
        guard let header = try? JSONDecoder().decode(Header.self, from: bytes) else { throw .malformed }
        guard header.alg == algorithm else { throw .wrongAlgorithm }
        guard header.crit == nil else { throw .criticalHeader }
    }

    /// Not empty and without padding. Parsers that skip what they do not know would let one token be written in many ways.
    private static func isBase64URL(_ part: Substring) -> Bool {
        !part.isEmpty
            && part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func decoded(_ part: Substring) -> Data? {
        var text = String(part).replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text)
    }
}
