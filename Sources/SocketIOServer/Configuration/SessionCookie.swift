/// A cookie with the id of an Engine.IO session (RFC 6265). The defaults are the reference's.
public struct SessionCookie: Sendable, Hashable {
    public enum SameSite: String, Sendable, Hashable {
        case strict = "Strict"
        case lax = "Lax"
        /// Browsers accept it on encrypted connections only: set ``SessionCookie/isSecure`` too.
        case none = "None"
    }

    /// A token (RFC 9110 §5.6.2).
    public var name: String
    public var path: String?
    public var domain: String?
    /// If nil, the cookie ends with the browser's session.
    public var maximumAge: Duration?
    public var isHTTPOnly: Bool
    public var isSecure: Bool
    public var sameSite: SameSite?

    public init(
        name: String = "io", path: String? = "/", domain: String? = nil, maximumAge: Duration? = nil, isHTTPOnly: Bool = true,
        isSecure: Bool = false, sameSite: SameSite? = .lax
    ) {
        self.name = name
        self.path = path
        self.domain = domain
        self.maximumAge = maximumAge
        self.isHTTPOnly = isHTTPOnly
        self.isSecure = isSecure
        self.sameSite = sameSite
    }

    /// The value of `Set-Cookie`.
    func header(for sid: String) -> String {
        var value = "\(name)=\(sid)"
        if let maximumAge { value += "; Max-Age=\(maximumAge.components.seconds)" }
        if let domain { value += "; Domain=\(domain)" }
        if let path { value += "; Path=\(path)" }
        if isHTTPOnly { value += "; HttpOnly" }
        if isSecure { value += "; Secure" }
        if let sameSite { value += "; SameSite=\(sameSite.rawValue)" }
        return value
    }
}
