import ArgumentParser
import ClassroomServer

/// The options of `dunlin serve`. Each is also an environment variable; the option wins.
struct ServeOptions: ParsableArguments {
    @Option(help: "The address to listen on (default: 127.0.0.1).")
    var hostname: String?

    @Option(help: "The port; 0 chooses a free one (default: 3001).")
    var port: Int?

    @OptionGroup var database: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "Join this server with others, which name the same: redis://HOST:PORT/DB (default: none, one server).", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("JSON from opaque token to user or user id.", valueName: "file"))
    var tokens: String?

    @Flag(help: "Quizzes, users and sessions to try it with; prints a link for each role.")
    var demo = false

    @Option(
        name: .customLong("allowed-origin"), parsing: .singleValue,
        help: ArgumentHelp("An origin besides the server's own whose pages may connect; may be repeated.", valueName: "origin"))
    var allowedOrigins: [String] = []

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp(
            "Where people find the classroom, such as https://school.example; links and QR codes name it (default: this machine's address).",
            valueName: "url"))
    var publicURL: String?

    @Option(
        name: .customLong("trusted-proxy"), parsing: .singleValue,
        help: ArgumentHelp(
            "A proxy or a network of proxies in front, whose X-Forwarded-For names the client: 127.0.0.1, 10.0.0.0/8; may be repeated.",
            valueName: "address"))
    var trustedProxies: [String] = []

    @Option(help: ArgumentHelp("Accept JSON Web Tokens signed with HS256 and this secret.", valueName: "file"))
    var jwtSecretFile: String?

    @Option(help: ArgumentHelp("Accept JSON Web Tokens signed with ES256; the P-256 public key as PEM.", valueName: "file"))
    var jwtPublicKeyFile: String?

    @Option(help: ArgumentHelp("The 'iss' that a JSON Web Token must have.", valueName: "iss"))
    var jwtIssuer: String?

    @Option(
        help: ArgumentHelp(
            "The 'aud' that a JSON Web Token must have; without this option one that names an audience is refused.", valueName: "aud"))
    var jwtAudience: String?

    @Option(help: ArgumentHelp("Serve HTTPS with this certificate chain (PEM).", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("From quiz:started to the first question, in milliseconds (default: 1000).", valueName: "ms"))
    var questionLeadIn: Int?

    @Option(help: ArgumentHelp("How long a question is open, in milliseconds (default: 30000).", valueName: "ms"))
    var questionDuration: Int?

    @OptionGroup var logging: LoggingOptions

    /// The options, completed from the environment and the files that they name.
    /// - Throws: `ValidationError` for a wrong combination, ``StartupError`` for a file.
    func configuration(_ environment: Environment) throws -> ClassroomConfiguration {
        var configuration = ClassroomConfiguration()
        if let hostname = hostname ?? environment.string("hostname") { configuration.hostname = hostname }
        if let port = try port ?? environment.integer("port") { configuration.port = port }
        configuration.database = database.url(environment)
        configuration.redis = redis ?? environment.string("redis")
        configuration.tokensFile = tokens ?? environment.string("tokens")
        configuration.isDemo = try demo || environment.flag("demo")
        configuration.allowedOrigins = Set(allowedOrigins.isEmpty ? environment.list("allowed-origin") : allowedOrigins)
        if let leadIn = try questionLeadIn ?? environment.integer("question-lead-in") { configuration.questionLeadInMs = leadIn }
        if let duration = try questionDuration ?? environment.integer("question-duration") { configuration.questionDurationMs = duration }
        configuration.publicURL = publicURL ?? environment.string("public-url")
        configuration.trustedProxies = trustedProxies.isEmpty ? environment.list("trusted-proxy") : trustedProxies
        configuration.tls = try tls(environment)
        configuration.jwt = try jwt(environment)
        try configuration.check()
        return configuration
    }

    private func tls(_ environment: Environment) throws -> TLSFiles? {
        switch (tlsCertificate ?? environment.string("tls-certificate"), tlsKey ?? environment.string("tls-key")) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        default: throw ValidationError("--tls-certificate and --tls-key need each other")
        }
    }

    private func jwt(_ environment: Environment) throws -> JWTConfiguration? {
        // An option overrides the environment's choice of the other kind of key, too.
        let isGiven = jwtSecretFile != nil || jwtPublicKeyFile != nil
        let secret = isGiven ? jwtSecretFile : environment.string("jwt-secret-file")
        let publicKey = isGiven ? jwtPublicKeyFile : environment.string("jwt-public-key-file")
        let issuer = jwtIssuer ?? environment.string("jwt-issuer")
        let audience = jwtAudience ?? environment.string("jwt-audience")
        switch (secret, publicKey) {
        case (nil, nil):
            guard issuer == nil, audience == nil else {
                throw ValidationError("--jwt-issuer and --jwt-audience need --jwt-secret-file or --jwt-public-key-file")
            }
            return nil
        case (let secret?, nil): return JWTConfiguration(key: try .hmacSecret(file: secret), issuer: issuer, audience: audience)
        case (nil, let key?): return JWTConfiguration(key: try .ecdsaPublicKey(file: key), issuer: issuer, audience: audience)
        default: throw ValidationError("--jwt-secret-file and --jwt-public-key-file exclude each other")
        }
    }
}
