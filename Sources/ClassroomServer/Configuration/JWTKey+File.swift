public import ClassroomLive

extension JWTKey {
    /// The secret in a file. What editors leave around a text is not part of it: a byte order mark in front, white space, line breaks and
    /// characters without a width at its ends. Of a secret that is no text every byte counts; where such marks could belong to it, it is
    /// refused.
    public static func hmacSecret(file path: String) throws(StartupError) -> JWTKey {
        let bytes = try ConfigurationFile.read(path)
        guard !isUTF16(bytes) else {
            throw StartupError(.invalidFile, "the JWT secret in '\(path)' is UTF-16; save it as UTF-8")
        }
        if bytes.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || isBlank($0) }), let text = String(validating: bytes, as: UTF8.self) {
            let scalars = text.unicodeScalars
            guard let first = scalars.firstIndex(where: isVisible), let last = scalars.lastIndex(where: isVisible) else {
                return try checked([], path)
            }
            return try checked(Array(String(scalars[first...last]).utf8), path)
        }
        if let last = bytes.last, bytes.starts(with: [0xEF, 0xBB, 0xBF]) || isBlank(last) {
            throw StartupError(
                .invalidFile,
                "the bytes of the JWT secret in '\(path)' begin with a byte order mark or end with a blank or a line break: "
                    + "unclear whether that belongs to it; use another secret, or write it as text")
        }
        return try checked(bytes, path)
    }

    /// With its mark, or as ASCII text looks in it: every second byte is zero.
    private static func isUTF16(_ bytes: [UInt8]) -> Bool {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        guard bytes.count >= 4, bytes.count.isMultiple(of: 2) else { return false }
        return [0, 1].contains { zeros in
            bytes.indices.allSatisfy { index in (bytes[index] == 0) == (index % 2 == zeros) }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint
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
