// The hashes and signatures that the classroom needs, from the system's own library: OpenSSL's libcrypto on Linux, CryptoKit on macOS.
// Compiling a copy of BoringSSL for them took a fifth of a clean build.

#if canImport(CryptoKit)
import CryptoKit
import Foundation

/// SHA-1 (FIPS 180-4): names scripts in Redis, and protects nothing.
public enum SHA1Digest {
    /// The 20 bytes of the digest.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.SHA1.hash(data: bytes)) }
}

/// SHA-256 (FIPS 180-4).
public enum SHA256Digest {
    /// The 32 bytes of the digest.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}

/// HMAC with SHA-256 (RFC 2104, FIPS 198-1).
public enum SHA256Code {
    /// The 32 bytes of the authentication code.
    public static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    /// True if `code` authenticates `message`. Takes the same time wherever a wrong code differs.
    public static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: SymmetricKey(data: key))
    }
}

/// The public half of a P-256 key, for ECDSA with SHA-256 (FIPS 186-4; `ES256` of RFC 7518, section 3.4).
public struct P256PublicKey: Sendable {
    private let key: P256.Signing.PublicKey

    /// - Parameter pem: `-----BEGIN PUBLIC KEY-----`, a SubjectPublicKeyInfo (RFC 7468, section 13).
    /// - Returns: nil if the text is no P-256 public key.
    public init?(pem: String) {
        guard let key = try? P256.Signing.PublicKey(pemRepresentation: pem) else { return nil }
        self.key = key
    }

    /// - Parameter signature: r and s, 32 bytes each, big-endian.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: message)
    }
}
#else
import COpenSSL

/// SHA-1 (FIPS 180-4): names scripts in Redis, and protects nothing.
public enum SHA1Digest {
    /// The 20 bytes of the digest.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, by: EVP_sha1(), count: 20) }
}

/// SHA-256 (FIPS 180-4).
public enum SHA256Digest {
    /// The 32 bytes of the digest.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, by: EVP_sha256(), count: 32) }
}

private func digest(_ bytes: [UInt8], by algorithm: OpaquePointer?, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { digest, initialized in
        var length: UInt32 = 0
        let isDone = EVP_Digest(bytes, bytes.count, digest.baseAddress, &length, algorithm, nil)
        // It fails only without memory, or where a policy of the system forbids the algorithm.
        precondition(isDone == 1 && Int(length) == count, "libcrypto lacks a hash algorithm")
        initialized = count
    }
}

/// HMAC with SHA-256 (RFC 2104, FIPS 198-1).
public enum SHA256Code {
    /// The 32 bytes of the authentication code.
    public static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { code, count in
            var length: UInt32 = 0
            let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, code.baseAddress, &length)
            precondition(result != nil && length == 32, "libcrypto has no HMAC with SHA-256")
            count = 32
        }
    }

    /// True if `code` authenticates `message`. Takes the same time wherever a wrong code differs.
    public static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        let right = self.code(for: message, key: key)
        return code.count == right.count && CRYPTO_memcmp(code, right, right.count) == 0
    }
}

/// The public half of a P-256 key, for ECDSA with SHA-256 (FIPS 186-4; `ES256` of RFC 7518, section 3.4).
public struct P256PublicKey: Sendable {
    /// Owns OpenSSL's key. `@unchecked Sendable` holds because the key is never changed once it has been read, and OpenSSL allows
    /// several threads to verify with one `EVP_PKEY`.
    private final class Key: @unchecked Sendable {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { EVP_PKEY_free(pointer) }
    }

    private let key: Key

    /// - Parameter pem: `-----BEGIN PUBLIC KEY-----`, a SubjectPublicKeyInfo (RFC 7468, section 13).
    /// - Returns: nil if the text is no P-256 public key.
    public init?(pem: String) {
        var pem = pem
        let pointer = pem.withUTF8 { text -> OpaquePointer? in
            guard let size = Int32(exactly: text.count), let source = BIO_new_mem_buf(text.baseAddress, size) else { return nil }
            defer { BIO_free(source) }
            return PEM_read_bio_PUBKEY(source, nil, nil, nil)
        }
        ERR_clear_error()
        guard let pointer else { return nil }
        key = Key(pointer)
        var name = [CChar](repeating: 0, count: 32)
        guard EVP_PKEY_get_group_name(pointer, &name, name.count, nil) == 1,
            name.prefix(while: { $0 != 0 }).elementsEqual("prime256v1".utf8.map(CChar.init))
        else { return nil }
    }

    /// - Parameter signature: r and s, 32 bytes each, big-endian.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64, let encoded = P256PublicKey.distinguishedEncoding(signature), let context = EVP_MD_CTX_new()
        else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key.pointer) == 1
            && EVP_DigestVerify(context, encoded, encoded.count, message, message.count) == 1
    }

    /// OpenSSL reads r and s as a DER sequence (RFC 3279, section 2.2.3); JSON Web Tokens carry them bare.
    private static func distinguishedEncoding(_ signature: [UInt8]) -> [UInt8]? {
        guard let pair = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(pair) }
        let (r, s) = signature.withUnsafeBufferPointer {
            (BN_bin2bn($0.baseAddress, 32, nil), BN_bin2bn($0.baseAddress.map { $0 + 32 }, 32, nil))
        }
        guard let r, let s, ECDSA_SIG_set0(pair, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        let size = Int(i2d_ECDSA_SIG(pair, nil))
        guard size > 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            var end = bytes.baseAddress
            count = max(0, Int(i2d_ECDSA_SIG(pair, &end)))
        }
    }
}
#endif

extension Collection<UInt8> {
    /// Two lowercase digits for each byte.
    package var hexadecimal: String {
        String(unsafeUninitializedCapacity: 2 * count) { text in
            var position = 0
            for byte in self {
                for digit in [byte >> 4, byte & 0xF] {
                    text[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                    position += 1
                }
            }
            return position
        }
    }
}
