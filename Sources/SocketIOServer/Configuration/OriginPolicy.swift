/// Which `Origin` a request may name. A request without one does not come from a browser and passes.
public enum OriginPolicy: Sendable, Hashable {
    /// No check: the reference's default.
    case any
    /// The server's own origin (scheme, host and port as in `Host`) and these. Everything else gets 403 on both transports.
    case ownAnd(Set<String>)

    package func allows(origin: String?, host: String?, secure: Bool) -> Bool {
        guard case .ownAnd(let list) = self, let origin else { return true }
        if list.contains(origin) { return true }
        guard let host, !host.isEmpty else { return false }
        // Browsers leave out the scheme's own port in both headers, and write host names in lower case.
        return origin.lowercased() == (secure ? "https://" : "http://") + host.lowercased()
    }
}
