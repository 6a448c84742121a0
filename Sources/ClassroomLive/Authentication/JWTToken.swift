import Classroom
import Foundation

/// A token taken apart (RFC 7515, section 7.1): nothing about it is trusted yet.
struct JWTParts {
    let header: Data
    let claims: Data
    let signature: Data
    /// The signed bytes: the first two parts as they came.
    let signed: Data

    init(_ token: String) throws(JWTRefusal) {
        // Byte by byte: as text, a token with many marks on one letter takes quadratic time.
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.decoded(parts[0]), let claims = Self.decoded(parts[1]),
            let signature = Self.decoded(parts[2]), header.count <= TokenLimits.maximumHeaderBytes
        else { throw .malformed }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = Data(parts[0]) + [UInt8(ascii: ".")] + Data(parts[1])
    }

    /// Decodes base64url without padding; it must not be empty. Other characters are refused: skipping them would allow several spellings of a token.
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

/// The header of a token. It is read before the signature is verified: the key fixes the algorithm, the token cannot choose one.
struct JWTHeader: Decodable {
    var alg: String
    /// Extensions that a reader must understand. None is supported.
    var crit: [String]?

    func check(algorithm: String) throws(JWTRefusal) {
        guard alg.utf8.elementsEqual(algorithm.utf8) else { throw .wrongAlgorithm }
        guard crit == nil else { throw .criticalHeader }
    }
}

/// The claims that are read: `sub`, `name`, `role`, `permissions`, `exp`, `nbf`, `iss`, `aud`.
struct JWTClaims: Decodable {
    var sub: String?
    var name: String?
    var role: String?
    var permissions: [String]?
    var exp: Double?
    var nbf: Double?
    var iss: String?
    var aud: Audience?

    /// One audience or a list of them (RFC 7519, section 4.1.3).
    enum Audience: Decodable {
        case one(String)
        case many([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                self = .one(one)
            } else {
                self = .many(try container.decode([String].self))
            }
        }

        func contains(_ audience: String) -> Bool {
            switch self {
            case .one(let one): one == audience
            case .many(let many): many.contains(audience)
            }
        }
    }

    /// The user whom the claims describe, if they hold at `now`.
    func user(at now: UnixMilliseconds, for configuration: JWTConfiguration) throws(JWTRefusal) -> User {
        try checkTimes(at: Double(now) / 1_000)
        if let issuer = configuration.issuer, iss != issuer { throw .wrongIssuer }
        switch (aud, configuration.audience) {
        case (nil, nil): break
        case (let aud?, let audience?) where aud.contains(audience): break
        default: throw .wrongAudience
        }
        // A database may end a text at a NUL: one person's id would be another's.
        guard let sub, !sub.isEmpty, sub.utf8.count <= TokenLimits.maximumUserIDBytes, !sub.hasControlCharacters, !User.isReserved(sub),
            User.isComposed(sub)
        else { throw .badSubject }
        let name = name ?? sub
        guard !name.isEmpty, name.utf8.count <= TokenLimits.maximumUsernameBytes else { throw .badName }
        guard let role = role.map(User.Role.init(rawValue:)) ?? .student else { throw .unknownRole }
        return User(id: sub, username: name, role: role, permissions: permissions.map { Set($0.map(Permission.init(rawValue:))) })
    }

    private func checkTimes(at seconds: Double) throws(JWTRefusal) {
        guard let exp else { throw .missingExpiry }
        // Written so that NaN is refused.
        guard seconds < exp else { throw .expired }
        if let nbf { guard seconds >= nbf else { throw .notYetValid } }
    }
}
