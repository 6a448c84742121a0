import Foundation

/// A token taken apart (RFC 7515, section 7.1): nothing about it is trusted yet.
struct JWTParts {
    let header: Data
    let claims: Data
    let signature: Data
    /// What the signature is of: the first two parts as they came.
    let signed: Data

    init(_ token: String) throws(JWTRefusal) {
        // Byte by byte: as text, a token with many marks on one letter takes quadratic time.
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.decoded(parts[0]), let claims = Self.decoded(parts[1]),
            let signature = Self.decoded(parts[2])
        else { throw .malformed }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = Data(parts[0]) + [UInt8(ascii: ".")] + Data(parts[1])
    }

    /// base64url without padding, not empty. Whoever skips what is not in the alphabet lets one token be written in many ways.
    private static func decoded(_ part: Substring.UTF8View) -> Data? {
        var text = ""
        for byte in part {
            switch byte {
            case UInt8(ascii: "-"): text += "+"
            case UInt8(ascii: "_"): text += "/"
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: return nil
            }
        }
        guard !text.isEmpty else { return nil }
        return Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
