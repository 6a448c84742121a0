@testable import ClassroomServer
import SocketIOServer
import Testing

@Suite("Configuration")
struct ClassroomConfigurationTests {
    private func kind(_ change: (inout ClassroomConfiguration) -> Void) -> StartupError.Kind? {
        do throws(StartupError) {
            try ClassroomConfiguration(change).check()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("the defaults are valid")
    func defaults() {
        #expect(kind { _ in } == nil)
    }

    @Test("a port is 0 to 65535", arguments: [(-1, false), (0, true), (65_535, true), (65_536, false)])
    func port(port: Int, isValid: Bool) {
        #expect(kind { $0.port = port } == (isValid ? nil : .invalidSetting))
    }

    @Test(
        "times of questions have limits",
        arguments: [
            (-1, 100, false), (0, 100, true), (60_000, 3_600_000, true), (60_001, 100, false), (0, 99, false), (0, 3_600_001, false),
        ])
    func times(leadIn: Int, duration: Int, isValid: Bool) {
        let found = kind {
            $0.questionLeadInMs = leadIn
            $0.questionDurationMs = duration
        }
        #expect(found == (isValid ? nil : .invalidSetting))
    }

    @Test(
        "an allowed origin is one that a browser could send",
        arguments: [
            ("https://school.example", true), ("http://localhost:8080", true), ("http://[::1]:3000", true),
            ("https://school.example/", true), ("HTTPS://School.example", true), ("https://school.example:443", true),
            ("https://school.example/quiz", false), ("https://ann@school.example", false), ("https://school.example:70000", false),
            ("https://school.example:x", false), ("https://[::1", false), ("https://[1::2::3]", false), ("https://:443", false),
            ("https://schüle.example", false), ("https://school.example?x", false), ("school.example", false), ("*", false),
            ("https://", false), ("null", false),
            ("capacitor://localhost", true), ("1a://school.example", false), ("://school.example", false),
            ("https://a.example https://b.example", false),
        ])
    func origins(origin: String, isValid: Bool) {
        #expect(kind { $0.allowedOrigins = [origin] } == (isValid ? nil : .invalidSetting))
    }

    @Test(
        "origins are known as browsers send them, however they are written",
        arguments: [
            ("HTTPS://School.example:443/", "https://school.example"), ("http://school.example:80", "http://school.example"),
            ("https://school.example:80", "https://school.example:80"), ("http://[0:0:0:0:0:0:0:1]:3001", "http://[::1]:3001"),
            ("http://[2001:DB8::0:1]", "http://[2001:db8::1]"), ("https://school.example:", "https://school.example"),
            ("capacitor://localhost:80", "capacitor://localhost:80"),
        ])
    func normalized(origin: String, expected: String) {
        let allowing = ClassroomConfiguration { $0.allowedOrigins = [origin] }
        #expect(allowing.knownOrigins == [expected])
        #expect(allowing.resolvedSocketIO.cors?.origins == .list([expected]))
        guard origin.lowercased().hasPrefix("http") else { return }
        #expect(ClassroomConfiguration { $0.publicURL = origin }.knownOrigins == [expected])
    }

    @Test("the URL of Redis is checked before anything is opened")
    func redis() {
        #expect(kind { $0.redis = "redis://localhost:6379/0" } == nil)
        for url in ["localhost:6379", "redis://", "redis://localhost/x", "http://localhost"] {
            #expect(kind { $0.redis = url } == .invalidSetting, "\(url)")
        }
    }

    @Test(
        "a drain takes a millisecond for each socket, and five seconds at most",
        arguments: [(-1, 0), (0, 0), (1, 1), (200, 200), (4_999, 4_999), (5_000, 5_000), (5_001, 5_000)])
    func drainSpread(sockets: Int, milliseconds: Int) {
        #expect(DrainSpread().time(forSockets: sockets) == .milliseconds(milliseconds))
    }
}
