import ArgumentParser
import ClassroomServer
import Logging
import Testing

@testable import dunlin

@Suite("dunlin serve: options")
struct ServeOptionsTests {
    private func configuration(_ arguments: String, _ environment: [String: String] = [:]) throws -> ClassroomConfiguration {
        try ServeOptions.parse(arguments.split(separator: " ").map(String.init)).configuration(Environment(environment))
    }

    @Test("without options the defaults hold")
    func defaults() throws {
        let configuration = try configuration("")
        #expect(configuration.hostname == "127.0.0.1" && configuration.port == 3_001)
        #expect(configuration.database == "sqlite:dunlin.sqlite")
        #expect(!configuration.isDemo && configuration.jwt == nil && configuration.tls == nil && configuration.tokensFile == nil)
        #expect(configuration.questionLeadInMs == 1_000 && configuration.questionDurationMs == 30_000)
    }

    @Test("every option arrives")
    func options() throws {
        let configuration = try configuration(
            """
            --hostname 0.0.0.0 --port 0 --database memory: --tokens t.json --demo --allowed-origin https://a.example \
            --allowed-origin https://b.example --tls-certificate c.pem --tls-key k.pem --question-lead-in 5 --question-duration 700 \
            --public-url https://school.example --trusted-proxy 127.0.0.1 --trusted-proxy 10.0.0.0/8
            """)
        #expect(configuration.hostname == "0.0.0.0" && configuration.port == 0 && configuration.database == "memory:")
        #expect(configuration.tokensFile == "t.json" && configuration.isDemo)
        #expect(configuration.allowedOrigins == ["https://a.example", "https://b.example"])
        #expect(configuration.tls == TLSFiles(certificate: "c.pem", key: "k.pem"))
        #expect(configuration.questionLeadInMs == 5 && configuration.questionDurationMs == 700)
        #expect(configuration.publicURL == "https://school.example" && configuration.trustedProxies == ["127.0.0.1", "10.0.0.0/8"])
    }

    @Test("every option may come from the environment")
    func environment() throws {
        let configuration = try configuration(
            "",
            [
                "DUNLIN_HOSTNAME": "::1", "DUNLIN_PORT": "99", "DUNLIN_DATABASE": "memory:", "DUNLIN_TOKENS": "t", "DUNLIN_DEMO": "yes",
                "DUNLIN_ALLOWED_ORIGIN": "https://a.example, https://b.example", "DUNLIN_TLS_CERTIFICATE": "c", "DUNLIN_TLS_KEY": "k",
                "DUNLIN_QUESTION_LEAD_IN": "6", "DUNLIN_QUESTION_DURATION": "800", "DUNLIN_PUBLIC_URL": "https://school.example",
                "DUNLIN_TRUSTED_PROXY": "127.0.0.1, 10.0.0.0/8",
            ])
        #expect(configuration.hostname == "::1" && configuration.port == 99 && configuration.database == "memory:")
        #expect(configuration.tokensFile == "t" && configuration.isDemo)
        #expect(configuration.allowedOrigins == ["https://a.example", "https://b.example"])
        #expect(configuration.tls == TLSFiles(certificate: "c", key: "k"))
        #expect(configuration.questionLeadInMs == 6 && configuration.questionDurationMs == 800)
        #expect(configuration.publicURL == "https://school.example" && configuration.trustedProxies == ["127.0.0.1", "10.0.0.0/8"])
    }

    @Test("an option wins over the environment")
    func precedence() throws {
        let configuration = try configuration("--port 1 --database memory:", ["DUNLIN_PORT": "2", "DUNLIN_DATABASE": "sqlite:x"])
        #expect(configuration.port == 1 && configuration.database == "memory:")
    }

    @Test(
        "what cannot be is refused as a wrong command line",
        arguments: [
            "--port 65536", "--port x", "--nonsense", "--question-lead-in -1", "--question-duration 0", "--allowed-origin *",
            "--public-url school", "--trusted-proxy nginx", "--trusted-proxy 10.0.0.0/33", "--tls-key k", "--tls-certificate c",
            "--jwt-issuer i", "--jwt-secret-file a --jwt-public-key-file b", "extra",
        ])
    func wrong(arguments: String) {
        #expect { try configuration(arguments) } throws: { status($0) == .usage }
    }

    @Test("a wrong environment variable is named", arguments: ["DUNLIN_PORT", "DUNLIN_DEMO", "DUNLIN_QUESTION_LEAD_IN"])
    func wrongEnvironment(name: String) {
        #expect { try configuration("", [name: "maybe"]) } throws: { "\($0)".contains(name) && status($0) == .usage }
    }

    @Test("a mistyped environment variable is pointed out, and a foreign one is not")
    func mistypedEnvironment() {
        let found = Environment.mistyped(["DUNLIN_DATABSE", "DUNLIN_PORT", "DUNLIN_QUESTION_DURATOIN", "DUNLIN_BINARY", "PORT", "DUNLIN_X"])
        #expect(found.map(\.name) == ["DUNLIN_DATABSE", "DUNLIN_QUESTION_DURATOIN"])
        #expect(found.map(\.meant) == ["DUNLIN_DATABASE", "DUNLIN_QUESTION_DURATION"])
    }

    @Test("every option of the classroom's commands may come from the environment")
    func allOptions() {
        let help = [ServeCommand.helpMessage(), ImportCommand.helpMessage(), TokenCreateCommand.helpMessage()].joined(separator: "\n")
        let options = Set(help.matches(of: /--([a-z][a-z-]+)/).map { String($0.1) }).subtracting(["help", "version"])
        #expect(options.isSubset(of: Environment.options))
        #expect(options.count >= 20)
    }

    @Test("a file that is not there is missing input, a URL that is none of Redis is a wrong setting")
    func otherStatuses() throws {
        #expect { try configuration("--jwt-secret-file /nowhere/x") } throws: { status($0) == .noInput }
        #expect { try configuration("--redis http://localhost") } throws: { status($0) == .usage }
        #expect(try configuration("--redis redis://localhost").redis == "redis://localhost")
    }

    @Test("only known log levels are accepted")
    func logLevel() throws {
        #expect(try LoggingOptions.parse(["--log-level", "DEBUG"]).level(Environment([:])) == .debug)
        #expect(try LoggingOptions.parse([]).level(Environment(["DUNLIN_LOG_LEVEL": "error"])) == .error)
        #expect(throws: ValidationError.self) { try LoggingOptions.parse(["--log-level", "loud"]).level(Environment([:])) }
    }

    private func status(_ error: any Error) -> ExitReason {
        CommandFailure.isFromParser(error, Dunlin.self) ? .usage : CommandFailure(error).status
    }
}
