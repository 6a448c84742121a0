import Testing

@testable import dunlin

@Suite("Failures of a command")
struct CommandFailureTests {
    @Test(
        "the line that a failure prints repeats no password of a URL",
        arguments: [
            ("Unexpected argument 'postgres://ann:secret@host/db'", "Unexpected argument 'postgres://ann:***@host/db'"),
            ("not a number: 'redis://:sec@ret@host' or redis://b:secret@h", "not a number: 'redis://:***@host' or redis://b:***@h"),
            ("postgres://ann:sec/ret@host", "postgres://ann:***@host"),
            ("Unexpected argument 'postgres://ann:se'cret@host/db'", "Unexpected argument 'postgres://ann:***@host/db'"),
            (
                "not a number: 'postgres://host/db?user=ann&password=secret&sslmode=require'",
                "not a number: 'postgres://host/db?user=ann&password=***&sslmode=require'"
            ),
            ("postgres://host:5432/db?password=sec@ret&user=ann", "postgres://host:5432/db?password=***&user=ann"),
            ("'postgres://ann:sec?ret@host/db?password=sec@ret'", "'postgres://ann:***@host/db?password=***'"),
            ("'postgres://host/db?sslpassword=secret' is one", "'postgres://host/db?sslpassword=***' is one"),
            ("see http://host:80/path and ann@host", "see http://host:80/path and ann@host"),
            ("two\nlines", "two lines"),
        ])
    func line(description: String, line: String) {
        #expect(CommandFailure(.usage, description).line == line)
    }
}
