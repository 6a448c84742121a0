import Classroom

/// The claims that are looked at: `sub`, `name`, `role`, `permissions`, `exp`, `nbf`, `iss`, `aud`.
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
        guard let sub, !sub.isEmpty, sub.utf8.count <= TokenLimits.maximumUserIDBytes else { throw .badSubject }
        let name = name ?? sub
        guard !name.isEmpty, name.utf8.count <= TokenLimits.maximumUsernameBytes else { throw .badName }
        guard let role = role.map(User.Role.init(rawValue:)) ?? .student else { throw .unknownRole }
        return User(id: sub, username: name, role: role, permissions: permissions.map { Set($0.map(Permission.init(rawValue:))) })
    }

    private func checkTimes(at seconds: Double) throws(JWTRefusal) {
        guard let exp else { throw .missingExpiry }
        // Written so that a value that is not a number is refused.
        guard seconds < exp else { throw .expired }
        if let nbf { guard seconds >= nbf else { throw .notYetValid } }
    }
}
