/// The address by which people reach a classroom that stands behind a proxy or has a name: `https://school.example`.
enum PublicURL {
    /// The URL without a slash at its end; nil for one that the pages could not be at: they are at `/`, so it has no path.
    static func normalized(_ url: String) -> String? {
        var url = url[...]
        while url.last == "/" { url.removeLast() }
        guard let separator = url.firstRange(of: "://") else { return nil }
        // Browsers write scheme and host in lower case.
        let origin = url.lowercased()
        guard ["http", "https"].contains(String(origin.prefix { $0 != ":" })), url[separator.upperBound...].first != ":" else { return nil }
        return WebOrigin.isValid(origin) ? origin : nil
    }
}
