import NIOSSL

/// The server's certificate and its key.
public struct TLSFiles: Sendable, Hashable {
    /// PEM: the certificate, followed by those between it and the root.
    public var certificate: String
    /// PEM.
    public var key: String

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    func configuration() throws(StartupError) -> TLSConfiguration {
        let certificateBytes = try ConfigurationFile.readText(certificate)
        let keyBytes = try ConfigurationFile.readText(key)
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificateBytes), !chain.isEmpty else {
            throw StartupError(.invalidFile, "'\(certificate)' holds no certificate in PEM")
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: keyBytes, format: .pem) else {
            throw StartupError(.invalidFile, "'\(key)' holds no private key in PEM")
        }
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        // Makes the context once: a key that does not belong to the certificate is found now and not at the first connection.
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw StartupError(.invalidFile, "the key in '\(key)' does not belong to the certificate in '\(certificate)'")
        }
        return configuration
    }
}
