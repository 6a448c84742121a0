public import NIOCore

/// An HTTP response, as far as a test of errors needs it: a body of known length, or one that ends with the connection.
public struct RawResponse: Sendable {
    public let status: Int
    /// In their order, names as they were sent.
    public let headers: [(name: String, value: String)]
    public let body: String
    /// Bytes of the status line and the headers, up to and including the empty line.
    public let headBytes: Int
    /// Bytes of the whole response.
    public let totalBytes: Int

    /// The first header of that name, in whatever case.
    public subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Reads a response from the front of a buffer.
    ///
    /// - Parameter isComplete: whether nothing more will come, so that a body without a length is complete.
    /// - Returns: `nil` when there is no response, or more of it is due.
    public init?(_ buffer: ByteBuffer, isComplete: Bool) {
        let bytes = Array(buffer.readableBytesView)
        let separator = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4, let end = (0...bytes.count - 4).first(where: { bytes[$0..<$0 + 4].elementsEqual(separator) }) else {
            return nil
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers.append((String(line[..<colon]), String(value)))
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) }
        let available = bytes.count - end - 4
        let bodyBytes: Int
        if status < 200 || status == 204 || status == 304 {
            bodyBytes = 0
        } else if let length {
            guard available >= length || isComplete else { return nil }
            bodyBytes = min(length, available)
        } else {
            guard isComplete else { return nil }
            bodyBytes = available
        }
        self.status = status
        self.headers = headers
        headBytes = end + 4
        totalBytes = end + 4 + bodyBytes
        body = String(decoding: bytes[(end + 4)..<(end + 4 + bodyBytes)], as: UTF8.self)
    }
}
