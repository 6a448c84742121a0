import SystemCrypto
import Testing

private func hexadecimal(_ bytes: [UInt8]) -> String { bytes.hexadecimal }

@Suite("The system's hashes and signatures")
struct SystemCryptoTests {
    @Test(
        "SHA-256 has the standard's digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func digests(text: String, digest: String) {
        #expect(hexadecimal(SHA256Digest.hash(Array(text.utf8))) == digest)
    }

    @Test("bytes are two lowercase digits each")
    func digits() {
        #expect(([0x00, 0x09, 0x0A, 0x9F, 0xA0, 0xFF] as [UInt8]).hexadecimal == "00090a9fa0ff")
        #expect([UInt8]().hexadecimal == "")
    }

    @Test("SHA-1 has the standard's digest")
    func shortDigest() {
        #expect(hexadecimal(SHA1Digest.hash(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    @Test("HMAC has the codes of RFC 4231, section 4.3 and 4.7")
    func codes() {
        let short = SHA256Code.code(for: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(hexadecimal(short) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let long = SHA256Code.code(
            for: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8), key: [UInt8](repeating: 0xAA, count: 131))
        #expect(hexadecimal(long) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test("a code is valid for its message and key only, and only whole")
    func validity() {
        let (message, key) = (Array("message".utf8), Array("key".utf8))
        let code = SHA256Code.code(for: message, key: key)
        #expect(SHA256Code.isValid(code, for: message, key: key))
        #expect(!SHA256Code.isValid(code, for: message, key: Array("other".utf8)))
        #expect(!SHA256Code.isValid(code, for: Array("Message".utf8), key: key))
        #expect(!SHA256Code.isValid(Array(code.dropLast()), for: message, key: key))
        #expect(!SHA256Code.isValid([], for: message, key: key))
    }

    /// The key and the signature of RFC 7515, appendix A.3, whose message is its signing input.
    private static let pem = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
        6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
        -----END PUBLIC KEY-----
        """
    private static let message = Array(
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ".utf8)
    private static let signature: [UInt8] = [
        14, 209, 33, 83, 121, 99, 108, 72, 60, 47, 127, 21, 88, 7, 212, 2, 163, 178, 40, 3, 58, 249, 124, 126, 23, 129, 154, 195, 22, 158,
        166, 101, 197, 10, 7, 211, 140, 60, 112, 229, 216, 241, 45, 175, 8, 74, 84, 128, 166, 101, 144, 197, 242, 147, 80, 154, 143, 63,
        127, 138, 131, 163, 84, 213,
    ]

    @Test("the signature of RFC 7515, appendix A.3, is valid, and with any byte changed it is not")
    func publicKey() throws {
        let key = try #require(P256PublicKey(pem: Self.pem))
        #expect(key.isValid(Self.signature, for: Self.message))
        for index in Self.signature.indices {
            var other = Self.signature
            other[index] ^= 1
            #expect(!key.isValid(other, for: Self.message))
        }
        #expect(!key.isValid(Self.signature, for: Self.message.dropLast()))
        for count in [0, 1, 63] { #expect(!key.isValid(Array(Self.signature.prefix(count)), for: Self.message)) }
        #expect(!key.isValid(Self.signature + [0], for: Self.message))
        #expect(!key.isValid([UInt8](repeating: 0, count: 64), for: Self.message))
        #expect(!key.isValid([UInt8](repeating: 0xFF, count: 64), for: Self.message))
    }

    @Test("a text that holds no P-256 public key is none")
    func noKey() throws {
        #expect(P256PublicKey(pem: "") == nil)
        #expect(P256PublicKey(pem: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") == nil)
        // Ed25519, RFC 8410, section 10.1.
        let other = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
        #expect(P256PublicKey(pem: other) == nil)
    }
}
