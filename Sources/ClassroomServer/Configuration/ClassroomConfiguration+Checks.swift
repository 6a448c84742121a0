import ClassroomHTTP
import ClassroomLive
import ClassroomStore
import Foundation
import SocketIOServer

extension ClassroomConfiguration {
    /// Checks the values, before a file is read or a port opened.
    public func check() throws(StartupError) {
        guard !hostname.isEmpty else { throw StartupError(.invalidSetting, "the host name is empty") }
        guard (0...65_535).contains(port) else { throw StartupError(.invalidSetting, "not a port: \(port) (0 to 65535)") }
        guard (0...60_000).contains(questionLeadInMs) else {
            throw StartupError(.invalidSetting, "not a lead-in: \(questionLeadInMs) ms (0 to 60000)")
        }
        guard (100...3_600_000).contains(questionDurationMs) else {
            throw StartupError(.invalidSetting, "not a duration of a question: \(questionDurationMs) ms (100 to 3600000)")
        }
        for origin in allowedOrigins.sorted() where WebOrigin.normalized(origin) == nil {
            throw StartupError(.invalidSetting, "not an origin: '\(origin)' (expected scheme://host or scheme://host:port)")
        }
        if let publicURL, PublicURL.normalized(publicURL) == nil {
            throw StartupError(.invalidSetting, "not a public URL: '\(publicURL)' (expected http://host or https://host, without a path)")
        }
        for proxy in trustedProxies where TrustedProxies([proxy]) == nil {
            throw StartupError(
                .invalidSetting, "not a proxy's address: '\(proxy)' (expected an address or a network: 127.0.0.1, 10.0.0.0/8)")
        }
        if let redis { try RedisLink.check(url: redis) }
    }

    /// The whole path of the database's file, if it is one.
    var databasePath: String? {
        guard case .sqlite(let path)? = try? DatabaseLocation(url: database) else { return nil }
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// The settings of the real-time part.
    var runtime: RuntimeConfiguration {
        var configuration = RuntimeConfiguration()
        configuration.leadInMs = questionLeadInMs
        configuration.questionDurationMs = questionDurationMs
        return configuration
    }

    /// The settings of the HTTP API.
    var http: ClassroomRouter.Configuration {
        ClassroomRouter.Configuration(
            allowedOrigins: knownOrigins, isSecure: tls != nil, hostPolicy: resolvedSocketIO.hostPolicy,
            trustedProxies: resolvedSocketIO.trustedProxies, quizLimits: quizLimits, maximumBodyBytes: maximumBodyBytes)
    }

    /// The origins whose pages may talk to this server, besides the one that a request is addressed to.
    var knownOrigins: Set<String> {
        let origins = Set(allowedOrigins.compactMap(WebOrigin.normalized))
        guard let origin = publicURL.flatMap(PublicURL.normalized) else { return origins }
        return origins.union([origin])
    }

    /// The Socket.IO settings with the origins and the names of this classroom.
    var resolvedSocketIO: SocketIOConfiguration {
        var configuration = socketIO
        configuration.originPolicy = .ownAnd(knownOrigins)
        configuration.hostPolicy = socketIO.hostPolicy ?? HostPolicy(names: knownNames)
        if !trustedProxies.isEmpty, let proxies = TrustedProxies(trustedProxies) { configuration.trustedProxies = proxies }
        if !allowedOrigins.isEmpty { configuration.cors = CORSPolicy(origins: .list(knownOrigins), allowsCredentials: false) }
        return configuration
    }

    /// By which names browsers may call this server, besides addresses and `localhost`: the one that it listens on, the machine's, and those of
    /// the origins that it knows, which a proxy in front of it passes on.
    private var knownNames: Set<String> {
        let machine = ProcessInfo.processInfo.hostName
        var names: Set<String> = [hostname, machine, machine + ".local"]
        for origin in knownOrigins {
            guard let separator = origin.firstRange(of: "://") else { continue }
            let authority = origin[separator.upperBound...]
            // Without the port: the policy knows names only.
            names.insert(String(authority.hasPrefix("[") ? authority : authority.prefix { $0 != ":" }))
        }
        return names
    }
}
