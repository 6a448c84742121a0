import RedisCore
import Testing

@Suite("Where Redis is, and what is kept secret")
struct ConfigurationTests {
    @Test("URLs")
    func urls() throws {
        let plain = try RedisConfiguration(url: "redis://localhost")
        #expect((plain.host, plain.port, plain.database) == ("localhost", 6_379, 0))
        #expect(plain.credentials == nil && plain.tls == nil)

        let full = try RedisConfiguration(url: "rediss://ann%40x:p%3Aw%2Fd@redis.example:7000/12")
        #expect((full.host, full.port, full.database) == ("redis.example", 7_000, 12))
        #expect(full.credentials == RedisCredentials(user: "ann@x", password: "p:w/d"))
        #expect(full.tls == RedisTLS())

        let password = try RedisConfiguration(url: "redis://:secret@[::1]:6380/")
        #expect((password.host, password.port) == ("::1", 6_380))
        #expect(password.credentials == RedisCredentials(user: "default", password: "secret"))
        // The last @ ends the credentials, because people forget to encode it.
        #expect(try RedisConfiguration(url: "redis://u:a@b@host").credentials?.password == "a@b")
    }

    @Test(
        "what is no such URL is refused, without repeating it",
        arguments: [
            "http://h", "redis:h", "redis://", "redis://:hush@", "redis://hush@h", "redis://u:hush@h:0", "redis://u:hush@h:65536",
            "redis://u:hush@h:x", "redis://u:hush@h/x", "redis://u:hush@h/-1", "redis://u:hush@h/1/2", "redis://u:hush%@h",
            "redis://u:hush%ff@h", "redis://u:hush@h h", "redis://u:hush@h?ssl=1", "redis://u:hush@[::1", "redis://u:hush@h\u{0}",
        ])
    func invalid(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error.map { "\($0)".contains("hush") } == false)
    }

    @Test("no description shows a password or an argument")
    func secrets() throws {
        let configuration = try RedisConfiguration(url: "redis://ann:hush@host")
        var dumped = ""
        dump(configuration, to: &dumped)
        let command = RedisCommand("AUTH", "ann", "hush")
        dump(command, to: &dumped)
        let error = RedisError(RESPErrorReply("ERR unknown command 'AUHT', with args beginning with: 'ann' 'hush'"))
        for text in ["\(configuration)", String(reflecting: configuration), dumped, "\(command)", String(reflecting: command), "\(error)"] {
            #expect(!text.contains("hush"))
        }
        #expect("\(error)" == "Redis: error reply (ERR)")
    }

    @Test("the pause between tries doubles up to its maximum, and is drawn from its upper half")
    func backoff() {
        let backoff = RedisBackoff(initial: .milliseconds(50), maximum: .seconds(2))
        #expect(backoff.delay(attempt: 0, random: 0) == .milliseconds(25))
        #expect(backoff.delay(attempt: 0, random: 1) == .milliseconds(50))
        #expect(backoff.delay(attempt: 3, random: 0.5) == .milliseconds(300))
        #expect(backoff.delay(attempt: 6, random: 0) == .seconds(1))
        #expect(backoff.delay(attempt: 1_000_000, random: 1) == .seconds(2))
    }

    @Test("a script's name is the SHA-1 of its text")
    func scriptName() {
        let script = RedisScript("one", lua: "return 1") { _ in .integer(1) }
        #expect(script.sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
    }
}
