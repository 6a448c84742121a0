import ClassroomStore
import Logging
import NIOSSL
import RedisClient
import RedisCore
import SocketIOHummingbird

/// Looks at what a deployment lacks, before or beside a running server. It changes nothing but what a start would: a database that is not
/// there is made.
public struct Doctor: Sendable {
    public struct Finding: Sendable, Hashable {
        public enum Verdict: String, Sendable, Hashable {
            case ok
            /// It works, and could be better.
            case advice
            /// A server with these settings does not start, or loses something.
            case fault
        }

        /// What was looked at.
        public let part: String
        public let verdict: Verdict
        /// One line, without a secret.
        public let text: String
    }

    private let configuration: ClassroomConfiguration
    private let now: @Sendable () -> Int64
    private let patience: Duration

    /// - Parameters:
    ///   - patience: how long Redis may take to answer.
    ///   - now: milliseconds since 1970.
    public init(configuration: ClassroomConfiguration, patience: Duration = .seconds(5), now: @escaping @Sendable () -> Int64) {
        self.configuration = configuration
        self.patience = patience
        self.now = now
    }

    public func examine() async -> [Finding] {
        do { try configuration.check() } catch { return [Finding(part: "settings", verdict: .fault, text: "\(error)")] }
        var findings = [await database()] + (await redis())
        findings += [await port(), descriptors(), origins(), tls()]
        return findings
    }

    private func finding(_ part: String, _ verdict: Finding.Verdict, _ text: String) -> Finding {
        Finding(part: part, verdict: verdict, text: text)
    }

    // MARK: What the server stands on

    private func database() async -> Finding {
        do {
            let store = try await openStore(url: configuration.database, configuration: configuration.store, logger: Self.silent)
            let unsafe: Result<[String], any Error>
            do {
                try await store.health()
                unsafe = .success(try await store.unsafeSettings())
            } catch {
                unsafe = .failure(error)
            }
            await store.close()
            if let setting = try unsafe.get().first {
                return finding("database", .fault, "\(setting) is off: answers that were acknowledged may be lost when its machine fails")
            }
        } catch let error as StoreError {
            return finding("database", .fault, "\(error)")
        } catch {
            return finding("database", .fault, "the database does not answer")
        }
        if configuration.database.hasPrefix("memory:") {
            return finding("database", .advice, "memory: everything is lost when the server ends")
        }
        return finding("database", .ok, "answers and is writable; each commit is synced to disk before it is acknowledged")
    }

    /// And the clocks: only another machine's tells whether this one's is right.
    private func redis() async -> [Finding] {
        guard let url = configuration.redis else { return [finding("redis", .ok, "none: this server is alone")] }
        do {
            let link = try RedisLink(url: url, logger: Self.silent)
            try await link.connect(within: patience)
            let asked = now()
            let time = try? await link.time(within: patience)
            // Redis read its clock on the way: half of the time that the answer took is the best guess.
            let answered = now()
            await link.close()
            return [finding("redis", .ok, "answers"), clocks(difference: time.map { abs($0 - (asked + answered) / 2) })]
        } catch {
            return [finding("redis", .fault, "\(error)")]
        }
    }

    private func clocks(difference: Int64?) -> Finding {
        guard let difference else { return finding("clocks", .advice, "Redis did not tell its time") }
        let text = "\(difference) ms between this machine and Redis"
        return difference > Self.maximumClockDifference
            ? finding("clocks", .advice, "\(text): sentAt and deadlines of several servers will not agree") : finding("clocks", .ok, text)
    }

    // MARK: What clients meet

    private func port() async -> Finding {
        let address = "\(configuration.hostname):\(configuration.port)"
        do {
            try await ListeningProbe.check(hostname: configuration.hostname, port: configuration.port)
            return finding("port", .ok, "\(address) is free")
        } catch {
            return finding("port", .advice, "\(error): right if that is this server, running")
        }
    }

    private func descriptors() -> Finding {
        guard let limit = DescriptorLimit.raise() else {
            return finding("descriptors", .advice, "the system does not say how many there are")
        }
        return limit < Self.usefulDescriptors
            ? finding("descriptors", .advice, "\(limit): so many connections at most; raise the hard limit (ulimit -Hn)")
            : finding("descriptors", .ok, "\(limit)")
    }

    private func origins() -> Finding {
        let plain = configuration.allowedOrigins.filter { $0.hasPrefix("http://") && !Self.isLocal($0) }.sorted()
        if let first = plain.first {
            return finding("origins", .advice, "\(first) may connect: a page without TLS can be changed on its way")
        }
        if Self.isEverywhere(configuration.hostname), configuration.publicURL == nil {
            return finding("origins", .advice, "no --public-url: links and QR codes name this machine's address")
        }
        if configuration.publicURL != nil, configuration.tls == nil, configuration.trustedProxies.isEmpty {
            return finding("origins", .advice, "no --trusted-proxy: behind a proxy all clients share the limits of one address")
        }
        return finding("origins", .ok, "the server's own" + configuration.allowedOrigins.sorted().map { ", \($0)" }.joined())
    }

    private func tls() -> Finding {
        guard let files = configuration.tls else {
            let isShielded = Self.isLocal("//\(configuration.hostname)") || configuration.publicURL?.hasPrefix("https://") == true
            return isShielded
                ? finding("tls", .ok, "none here")
                : finding("tls", .advice, "none: tokens can be read on their way (--tls-certificate, or a proxy)")
        }
        do {
            _ = try files.configuration()
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
            let days = (chain.map { Int64($0.notValidAfter) }.min() ?? 0) / 86_400 - now() / 86_400_000
            if days < 0 { return finding("tls", .fault, "the certificate has expired") }
            return finding("tls", days < 14 ? .advice : .ok, "the certificate is valid for \(days) more days")
        } catch {
            return finding("tls", .fault, "\(error)")
        }
    }

    private static func isLocal(_ url: String) -> Bool {
        ["//localhost", "//127.", "//[::1]", "//::1"].contains { url.contains($0) }
    }

    private static func isEverywhere(_ hostname: String) -> Bool { hostname == "0.0.0.0" || hostname == "::" }

    private static let maximumClockDifference: Int64 = 1_000
    private static let usefulDescriptors = 10_000
    private static let silent = Logger(label: "doctor", factory: { _ in SwiftLogNoOpLogHandler() })
}
