import NIOCore
import NIOHTTP1

/// This project's browser client, under the names of the reference's bundles: `<script src="/socket.io/socket.io.js">` gives `io`.
///
/// It uses WebSocket only and sends no binary values. The comment at its beginning lists the other differences from the official client.
package enum BrowserClient {
    /// An ECMAScript module that exports `io`.
    package static let module: [UInt8] = PackageResources.dunlin_js

    /// The same for pages that load it as a plain script: it defines `io`.
    static let script: [UInt8] = {
        var body = ""
        for line in String(decoding: module, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            body += line.hasPrefix("export ") ? line.dropFirst(7) : line
            body += "\n"
        }
        return Array("(() => {\n\"use strict\";\n\(body)globalThis.io = Object.assign(io, { io, connect: io, Socket });\n})();\n".utf8)
    }()

    struct File {
        let bytes: [UInt8]
        /// Changes with the content, and only with it.
        let entityTag: String

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            // FNV-1a (64 bits) is enough: the tag distinguishes versions, and nobody gains from a collision.
            let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            entityTag = "\"\(String(hash, radix: 16))\""
        }
    }

    private static let scriptFile = File(script)
    private static let moduleFile = File(module)

    /// Nil if there is no such bundle.
    static func file(named name: Substring) -> File? {
        guard name.utf8.count <= 32 else { return nil }
        return switch name {
        case "socket.io.js", "socket.io.min.js": scriptFile
        case "socket.io.esm.js", "socket.io.esm.min.js": moduleFile
        default: nil
        }
    }
}

extension EngineEndpoint {
    /// The answer to a request for the browser client. Nil for any other request.
    func browserClient(_ head: HTTPRequestHead) -> EngineAnswer? {
        guard configuration.servesClient, head.method == .GET || head.method == .HEAD, let name = path.below(head.uri),
            let file = BrowserClient.file(named: name)
        else { return nil }
        var headers = corsHeaders(head)
        headers.add(name: "Cache-Control", value: "public, max-age=0")
        headers.add(name: "ETag", value: file.entityTag)
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        let tags = [file.entityTag, "W/\(file.entityTag)", "*"]
        let known = ASCIIText.items(head.headers["if-none-match"])
        if known.contains(where: { known in tags.contains { $0.utf8.elementsEqual(known.utf8) } }) {
            return EngineAnswer(status: .notModified, headers: headers, body: ByteBuffer())
        }
        headers.add(name: "Content-Type", value: "application/javascript; charset=utf-8")
        return EngineAnswer(status: .ok, headers: headers, body: ByteBuffer(bytes: file.bytes))
    }
}
