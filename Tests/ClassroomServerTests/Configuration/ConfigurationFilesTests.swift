import ClassroomServer
import Foundation
import Testing

@Suite("Configuration files")
struct ConfigurationFilesTests {
    /// Runs `body` with the path of a file that holds `text`.
    @discardableResult
    private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-test-\(UUID().uuidString)")
        try Data(text.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url.path)
    }

    @Test("one line break at the end of a secret is not part of it", arguments: ["key", "key\n", "key\r\n"])
    func secret(text: String) throws {
        #expect(try withFile(text) { try JWTKey.hmacSecret(file: $0) } == .hmacSecret(Array("key".utf8)))
    }

    @Test("an empty secret and a PEM key are no secrets", arguments: ["", "\n", "-----BEGIN PUBLIC KEY-----\nMFkw"])
    func noSecret(text: String) throws {
        try withFile(text) { path in
            #expect { try JWTKey.hmacSecret(file: path) } throws: { ($0 as? StartupError)?.kind == .invalidFile }
        }
    }

    @Test("a file that is not there, and a folder, are named in the error")
    func missing() {
        for path in ["/nowhere/at-all", "/tmp"] {
            #expect { try ConfigurationFile.read(path) } throws: { error in
                guard let error = error as? StartupError else { return false }
                return error.kind == .missingFile && error.description.contains(path)
            }
        }
    }
}
