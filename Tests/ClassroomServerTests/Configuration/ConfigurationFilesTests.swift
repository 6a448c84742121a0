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

    @discardableResult
    private func withFile<Result>(bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("dunlin-test-\(UUID().uuidString)")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url.path)
    }

    @Test("a secret that is no text is taken as it is, or refused where an editor's marks could belong to it")
    func binarySecret() throws {
        let random: [UInt8] = [0x00, 0x81, 0x20, 0xFE, 0x41]
        #expect(try withFile(bytes: random) { try JWTKey.hmacSecret(file: $0) } == .hmacSecret(random))
        for bytes in [
            random + [0x0A], random + [0x20], [0xEF, 0xBB, 0xBF, 0x00, 0x01], [0xFF, 0xFE, 0x6B, 0x00], [0xFE, 0xFF, 0x00, 0x6B],
            [0x6B, 0x00, 0x65, 0x00, 0x79, 0x00], [0x00, 0x6B, 0x00, 0x65, 0x00, 0x79],
        ] {
            try withFile(bytes: bytes) { path in
                #expect { try JWTKey.hmacSecret(file: path) } throws: { ($0 as? StartupError)?.kind == .invalidFile }
            }
        }
    }

    @Test("a byte order mark is no part of a tokens file")
    func mark() throws {
        let holders = try withFile("\u{FEFF}{\"t\": \"ann\"}\n") { try TokensFile(path: $0).holders }
        #expect(holders["t"] == .existing(id: "ann"))
    }

    @Test(
        "what an editor leaves around a secret is not part of it",
        arguments: [
            "key", "key\n", "key\r\n", "key ", "key\t\n\n", " key\n", "\u{FEFF}key", "\u{FEFF}key \r\n", "key\u{A0}\n", "key\u{200B}",
            "key\u{FEFF}\n",
            "\u{2003}key\u{2028}",
        ])
    func secret(text: String) throws {
        #expect(try withFile(text) { try JWTKey.hmacSecret(file: $0) } == .hmacSecret(Array("key".utf8)))
    }

    @Test("an empty secret and a PEM key are no secrets", arguments: ["", "\n", "\u{FEFF} \n", "-----BEGIN PUBLIC KEY-----\nMFkw"])
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
