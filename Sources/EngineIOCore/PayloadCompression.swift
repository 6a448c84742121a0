import CZlib
package import NIOCore
import WebSocketCore

/// How a server compresses the bodies of its answers to polling GETs. The defaults are the reference's.
///
/// Compression together with secrets in one body lets whoever chooses a part of it and sees its length guess the secret.
public struct HTTPCompressionOptions: Sendable, Hashable {
    /// Shorter bodies are sent as they are, in bytes.
    public var threshold = 1_024
    /// Longer bodies are sent as they are, in bytes. Compressing holds the event loop for some 20 ns a byte at level 6.
    public var maximumBytes = 1 << 18
    /// zlib's level: 1, the fastest, to 9.
    public var level = 6

    public init() {}
}

/// A content coding of HTTP that the server speaks (RFC 9110 §8.4.1).
package enum ContentCoding: String, Sendable, CaseIterable {
    /// RFC 1952.
    case gzip
    /// RFC 1950, in spite of its name.
    case deflate

    /// Entries of `Accept-Encoding` that are read.
    private static let maximumEntries = 16
    /// Bytes of an entry that is read. A longer one counts as another coding: comparing texts normalises them, which takes quadratic time
    /// if one letter has many marks.
    private static let maximumEntryBytes = 64

    /// The coding that a client likes best (RFC 9110 §12.5.3), the first of several as good. nil: none of these.
    ///
    /// - Parameter fields: the values of its `Accept-Encoding` fields. None: it accepts nothing but the body as it is, as in the reference.
    package static func preferred(by fields: [String]) -> ContentCoding? {
        var named: [ContentCoding: (weight: Double, place: Int)] = [:]
        var wildcard: (weight: Double, place: Int)?
        let entries = fields.lazy.flatMap { $0.utf8.split(separator: UInt8(ascii: ",")) }.prefix(maximumEntries)
        for (place, entry) in entries.enumerated() where entry.count <= maximumEntryBytes {
            let parts = entry.split(separator: UInt8(ascii: ";")).map { Substring($0).trimmingBlanks.lowercased() }
            guard let name = parts.first else { continue }
            let weight = parts.dropFirst().lazy.compactMap { quality($0) }.first ?? 1
            if name == "*" {
                wildcard = (weight, place)
            } else if let coding = ContentCoding(rawValue: name) {
                named[coding] = (weight, place)
            }
        }
        let accepted = allCases.compactMap { coding in
            (named[coding] ?? wildcard).map { (coding: coding, weight: $0.weight, place: $0.place) }
        }
        return accepted.filter { $0.weight > 0 }.min { ($1.weight, $0.place) < ($0.weight, $1.place) }?.coding
    }

    /// `q=0.5`. nil: it is another parameter. A weight that cannot be read counts as none.
    private static func quality(_ parameter: String) -> Double? {
        guard parameter.hasPrefix("q=") else { return nil }
        guard let weight = Double(parameter.dropFirst(2)), (0...1).contains(weight) else { return 0 }
        return weight
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var rest = self
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}

/// Compresses polling payloads. One belongs to one event loop; its memory, 268 KiB for each coding, is taken with the first body.
package final class PayloadDeflater {
    private let options: HTTPCompressionOptions
    private var streams: [ContentCoding: UnsafeMutablePointer<z_stream>] = [:]

    package init(_ options: HTTPCompressionOptions) {
        precondition((1...9).contains(options.level), "zlib's levels are 1 to 9")
        self.options = options
    }

    deinit {
        for stream in streams.values {
            deflateEnd(stream)
            stream.deallocate()
        }
    }

    /// Compresses a body as its client accepts it.
    ///
    /// - Parameter fields: the values of the request's `Accept-Encoding` fields.
    /// - Returns: nil: send it as it is.
    package func encode(_ body: ByteBuffer, for fields: [String]) -> (ByteBuffer, ContentCoding)? {
        guard body.readableBytes >= options.threshold, body.readableBytes <= options.maximumBytes,
            let coding = ContentCoding.preferred(by: fields), let encoded = encode(body, coding), encoded.readableBytes < body.readableBytes
        else { return nil }
        return (encoded, coding)
    }

    private func encode(_ body: ByteBuffer, _ coding: ContentCoding) -> ByteBuffer? {
        guard let stream = stream(for: coding) else { return nil }
        var input = body
        var output = ByteBuffer()
        while true {
            var status = Z_OK
            let consumed = ZlibStream.run(stream, input, &output, max(input.readableBytes / 2, 1_024)) { stream in
                status = CZlib.deflate(stream, Z_FINISH)
            }
            input.moveReaderIndex(forwardBy: consumed)
            switch status {
            case Z_STREAM_END: return output
            // There was no room for all of it.
            case Z_OK, Z_BUF_ERROR: continue
            default: return nil
            }
        }
    }

    /// A stream that has compressed nothing.
    private func stream(for coding: ContentCoding) -> UnsafeMutablePointer<z_stream>? {
        if let stream = streams[coding] { return deflateReset(stream) == Z_OK ? stream : nil }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16 more than the window's bits ask zlib for gzip's header and checksum.
        let windowBits: Int32 = coding == .gzip ? 15 + 16 : 15
        let status = deflateInit2_(
            stream, Int32(options.level), Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            return nil
        }
        streams[coding] = stream
        return stream
    }
}
