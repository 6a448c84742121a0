public import ClassroomLive

extension JWTKey {
    /// The secret in a file. What editors leave around a text is not part of it: a byte order mark in front, white space and line breaks at its
    /// ends. Of a secret that is no text every byte counts; where such marks could belong to it, it is refused.
    public static func hmacSecret(file path: String) throws(StartupError) -> JWTKey {
        var secret = try ConfigurationFile.read(path)[...]
        guard !secret.starts(with: [0xFF, 0xFE]), !secret.starts(with: [0xFE, 0xFF]) else {
            throw StartupError(.invalidFile, "the JWT secret in '\(path)' is UTF-16; save it as UTF-8")
        }
        let hasMark = secret.starts(with: [0xEF, 0xBB, 0xBF])
        if isText(secret) {
            if hasMark { secret = secret.dropFirst(3) }
            secret = secret.drop(while: isBlank)
            while let last = secret.last, isBlank(last) { secret.removeLast() }
        } else if let last = secret.last, hasMark || isBlank(last) {
            throw StartupError(
                .invalidFile,
                "the bytes of the JWT secret in '\(path)' begin with a byte order mark or end with a blank or a line break: "
                    + "unclear whether that belongs to it; use another secret, or write it as text")
        }
        let secretBytes = Array(secret)
        return try checked(secretBytes, path)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isText(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || isBlank($0) } && String(validating: bytes, as: UTF8.self) != nil
    }

    private static func checked(_ secret: [UInt8], _ path: String) throws(StartupError) -> JWTKey {
        guard !secret.isEmpty else { throw StartupError(.invalidFile, "the JWT secret in '\(path)' is empty") }
        // A public key is known to everybody: as a secret it would let anybody sign.
        guard !secret.starts(with: "-----BEGIN".utf8) else {
            throw StartupError(.invalidFile, "'\(path)' holds a PEM key, not a secret (for a public key: --jwt-public-key-file)")
        }
        return .hmacSecret(secret)
    }

    /// The P-256 public key in a PEM file.
    public static func ecdsaPublicKey(file path: String) throws(StartupError) -> JWTKey {
        .ecdsaPublicKey(pem: String(decoding: try ConfigurationFile.readText(path), as: UTF8.self))
    }
}
