import CoreTestSupport
import NIOCore
import RedisCore

/// All values of a text, fed in pieces of a size; or the violation.
func decode(
    _ bytes: ByteBuffer, piece: Int? = nil, limits: RESPLimits = RESPLimits()
) -> Result<[RESPValue], RESPProtocolError> {
    var decoder = RESPDecoder(limits: limits)
    var values: [RESPValue] = []
    var rest = bytes
    do throws(RESPProtocolError) {
        while rest.readableBytes > 0 {
            if let slice = rest.readSlice(length: min(piece ?? rest.readableBytes, rest.readableBytes)) {
                // Bytes of their own, as a channel delivers them.
                decoder.append(ByteBuffer(bytes: slice.readableBytesView))
            }
            while let value = try decoder.next() { values.append(value) }
        }
        return .success(values)
    } catch {
        return .failure(error)
    }
}

func decode(_ text: String, piece: Int? = nil, limits: RESPLimits = RESPLimits()) -> Result<[RESPValue], RESPProtocolError> {
    decode(ByteBuffer(string: text), piece: piece, limits: limits)
}

extension RESPValue {
    /// Any value, no deeper than told.
    static func random(depth: Int, using generator: inout SeededGenerator) -> RESPValue {
        let count = Int.random(in: 0...4, using: &generator)
        func some() -> [RESPValue] { (0..<count).map { _ in .random(depth: depth - 1, using: &generator) } }
        switch Int.random(in: 0...(depth > 0 ? 12 : 8), using: &generator) {
        case 0: return .null
        case 1: return .simpleString(["", "OK", "ümlaut ✓"].randomElement(using: &generator) ?? "")
        case 2: return .error(RESPErrorReply("ERR number \(count)"))
        case 3: return .integer(Int64(bitPattern: generator.next()))
        case 4: return .bulkString(ByteBuffer(bytes: (0..<count * 50).map { _ in UInt8.random(in: 0...255, using: &generator) }))
        case 5: return .verbatimString(format: "txt", ByteBuffer(string: "some\r\ntext"))
        case 6: return .double([0, -1.5, .infinity, 1e300, 0.1].randomElement(using: &generator) ?? 0)
        case 7: return .boolean(count > 2)
        case 8: return .bigNumber("-3492890328409238509324850943850943825024385")
        case 9, 10: return .array(some())
        case 11: return .set(some())
        default: return .map(some().map { RESPPair($0, .random(depth: depth - 1, using: &generator)) })
        }
    }
}
