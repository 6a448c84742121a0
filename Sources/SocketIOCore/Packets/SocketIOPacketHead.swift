import JSONCore

/// The part between a packet's kind and its payload.
struct SocketIOPacketHead {
    private var scanner: JSONScanner

    init(_ scanner: JSONScanner) { self.scanner = scanner }

    var position: Int { scanner.position }

    /// `count-`. The count is read no further than the limit: it may have any number of digits.
    mutating func attachmentCount(_ limits: SocketIOLimits) throws(SocketIOProtocolError) -> Int {
        let start = scanner.position
        var count = 0
        var isTooMany = false
        while scanner.current &- JSONByte.zero < 10 {
            count = isTooMany ? count : count &* 10 &+ Int(scanner.current &- JSONByte.zero)
            isTooMany = count > limits.maximumAttachments
            scanner.position &+= 1
        }
        guard scanner.position > start, scanner.current == JSONByte.minus else {
            throw SocketIOProtocolError(.invalidAttachmentCount)
        }
        guard !isTooMany else { throw SocketIOProtocolError(.tooManyAttachments) }
        scanner.position &+= 1
        return count
    }

    /// `/name,`; the comma may be missing at the end of the packet. Nil if no namespace is named.
    @inline(__always)
    mutating func namespace(_ limits: SocketIOLimits) throws(SocketIOProtocolError) -> String? {
        guard scanner.current == JSONByte.slash else { return nil }
        let start = scanner.position
        while scanner.position < scanner.bytes.count, scanner.current != JSONByte.comma {
            scanner.position &+= 1
        }
        let name = UnsafeRawBufferPointer(rebasing: scanner.bytes[start..<scanner.position])
        guard name.count <= limits.maximumNamespaceBytes else { throw SocketIOProtocolError(.namespaceTooLong) }
        if scanner.current == JSONByte.comma { scanner.position &+= 1 }
        return String(decoding: name, as: UTF8.self)
    }

    @inline(__always)
    mutating func ackID() throws(SocketIOProtocolError) -> UInt64? {
        guard scanner.current &- JSONByte.zero < 10 else { return nil }
        var id: UInt64 = 0
        while scanner.current &- JSONByte.zero < 10 {
            let (product, overflowed) = id.multipliedReportingOverflow(by: 10)
            let (sum, exceeded) = product.addingReportingOverflow(UInt64(scanner.current &- JSONByte.zero))
            guard !overflowed, !exceeded else { throw SocketIOProtocolError(.invalidAckID) }
            id = sum
            scanner.position &+= 1
        }
        return id
    }
}
