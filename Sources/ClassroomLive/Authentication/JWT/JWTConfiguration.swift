/// How JSON Web Tokens are checked.
public struct JWTConfiguration: Sendable, Hashable {
    public var key: JWTKey
    /// When set, a token must have this `iss`.
    public var issuer: String?
    /// When set, a token must have this among its `aud`. When not set, a token with an `aud` is meant for somebody else and refused
    /// (RFC 7519, section 4.1.3).
    public var audience: String?

    public init(key: JWTKey, issuer: String? = nil, audience: String? = nil) {
        self.key = key
        self.issuer = issuer
        self.audience = audience
    }
}
