extension JWTKey {
    /// The secret in a file; one line break at its end is not part of it.
    public static func hmacSecret(file path: String) throws(StartupError) -> JWTKey {
        var secret = try ConfigurationFile.read(path)
        if secret.last == UInt8(ascii: "\n") { secret.removeLast() }
        if secret.last == UInt8(ascii: "\r") { secret.removeLast() }
        guard !secret.isEmpty else { throw StartupError(.invalidFile, "the JWT secret in '\(path)' is empty") }
        // A public key is known to everybody: as a secret it would let anybody sign.
        guard !secret.starts(with: "-----BEGIN".utf8) else {
            throw StartupError(.invalidFile, "'\(path)' holds a PEM key, not a secret (for a public key: --jwt-public-key-file)")
        }
        return .hmacSecret(secret)
    }

    /// The P-256 public key in a PEM file.
    public static func ecdsaPublicKey(file path: String) throws(StartupError) -> JWTKey {
        .ecdsaPublicKey(pem: String(decoding: try ConfigurationFile.read(path), as: UTF8.self))
    }
}
