/// Where the data is, as `--database` says it.
public enum DatabaseLocation: Hashable, Sendable {
    /// `memory:` (also `sqlite::memory:`): gone when the process ends.
    case memory
    /// `sqlite:PATH`: a file, relative to the current directory or absolute.
    case sqlite(path: String)
    /// `postgres://…`: not in this build.
    case postgres

    /// - Throws: ``StoreError/Kind/invalidURL``. The URL is not repeated in full, as it may hold a password.
    public init(url: String) throws(StoreError) {
        let scheme = url.prefix { $0 != ":" }
        guard scheme.endIndex < url.endIndex else {
            throw StoreError(.invalidURL, "not a database URL: no scheme (expected sqlite:PATH or memory:)")
        }
        let rest = url[url.index(after: scheme.endIndex)...]
        switch scheme.lowercased() {
        case "memory":
            guard rest.isEmpty else { throw StoreError(.invalidURL, "not a database URL: nothing follows 'memory:'") }
            self = .memory
        case "sqlite":
            let path = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
            guard !path.isEmpty else { throw StoreError(.invalidURL, "not a database URL: 'sqlite:' needs the path of a file") }
            self = path == ":memory:" ? .memory : .sqlite(path: String(path))
        case "postgres", "postgresql":
            self = .postgres
        default:
            throw StoreError(.invalidURL, "not a database URL: unknown scheme '\(scheme):' (expected sqlite:PATH or memory:)")
        }
    }
}
