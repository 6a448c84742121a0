#if canImport(CryptoKit)
import CryptoKit

/// A P-256 key of a test's own, to sign tokens with.
struct P256TestKey {
    private let key = P256.Signing.PrivateKey()

    init() throws {}

    /// The public half, as PEM.
    func publicKey() throws -> String { key.publicKey.pemRepresentation }

    /// r and s, 32 bytes each.
    func signature(for message: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: message).rawRepresentation) }
}
#else
import COpenSSL

/// A P-256 key of a test's own, to sign tokens with.
final class P256TestKey {
    struct Failure: Error {}

    private let key: OpaquePointer

    init(curve: String = "prime256v1") throws {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { throw Failure() }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, curve) == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw Failure() }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The public half, as PEM.
    func publicKey() throws -> String {
        guard let text = BIO_new(BIO_s_mem()) else { throw Failure() }
        defer { BIO_free(text) }
        guard PEM_write_bio_PUBKEY(text, key) == 1 else { throw Failure() }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = BIO_read(text, &bytes, Int32(bytes.count))
        guard count > 0 else { throw Failure() }
        return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
    }

    /// r and s, 32 bytes each.
    func signature(for message: [UInt8]) throws -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw Failure() }
        defer { EVP_MD_CTX_free(context) }
        var size = 128
        var encoded = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &encoded, &size, message, message.count) == 1
        else { throw Failure() }
        return try encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            guard let pair = d2i_ECDSA_SIG(nil, &start, size) else { throw Failure() }
            defer { ECDSA_SIG_free(pair) }
            var both = [UInt8](repeating: 0, count: 64)
            let isWritten = both.withUnsafeMutableBufferPointer { both in
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), both.baseAddress, 32) == 32
                    && BN_bn2binpad(ECDSA_SIG_get0_s(pair), both.baseAddress.map { $0 + 32 }, 32) == 32
            }
            guard isWritten else { throw Failure() }
            return both
        }
    }
}
#endif
