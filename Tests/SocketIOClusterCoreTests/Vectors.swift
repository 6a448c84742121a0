import NIOCore
import RedisCore
import SocketIOCore

@testable import SocketIOClusterCore

// Messages that Node's own code wrote: @socket.io/redis-adapter, @socket.io/redis-streams-adapter and @socket.io/redis-emitter with
// socket.io-adapter, notepack.io and @msgpack/msgpack, run with a client that prints what it is given.

/// Bytes from hexadecimal digits.
func hex(_ text: String) -> ByteBuffer {
    var digits = text.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }[...]
    var bytes = ByteBuffer()
    while let high = digits.popFirst(), let low = digits.popFirst() { bytes.writeInteger(high << 4 | low) }
    return bytes
}

func hexText(_ bytes: ByteBuffer) -> String {
    bytes.readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func payload(_ json: String, _ attachments: [UInt8]...) throws -> ClusterPayload {
    ClusterPayload(json: try JSONSlice(json), attachments: attachments.map { ByteBuffer(bytes: $0) })
}

enum Vectors {
    /// An event with a value of each kind, as JSON.
    static let event = #"["hello",1,-1,300,70000,-40000,5000000000,1.5,"ü✓",null,true,{"a":[]},"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]"#
    static let binaryEvent =
        #"["bin",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1},"c":[{"_placeholder":true,"num":2}]},null]"#
    static let binaries: [[UInt8]] = [[1, 2, 255], [], Array("abc".utf8)]

    static func binaryPayload() throws -> ClusterPayload {
        ClusterPayload(json: try JSONSlice(binaryEvent), attachments: binaries.map { ByteBuffer(bytes: $0) })
    }

    /// A value as JSON and as both libraries write it.
    static let values: [(json: String, hex: String)] = [
        ("0", "00"), ("127", "7f"), ("128", "cc80"), ("255", "ccff"), ("256", "cd0100"), ("65535", "cdffff"), ("65536", "ce00010000"),
        ("4294967295", "ceffffffff"), ("4294967296", "cf0000000100000000"), ("9007199254740991", "cf001fffffffffffff"), ("-1", "ff"),
        ("-32", "e0"), ("-33", "d0df"), ("-128", "d080"), ("-129", "d1ff7f"), ("-32768", "d18000"), ("-32769", "d2ffff7fff"),
        ("-2147483648", "d280000000"), ("-2147483649", "d3ffffffff7fffffff"), ("-9007199254740991", "d3ffe0000000000001"),
        ("1.5", "cb3ff8000000000000"), (#""""#, "a0"), (#""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#, "bf" + String(repeating: "61", count: 31)),
        (#""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#, "d920" + String(repeating: "61", count: 32)), (#""ü""#, "a2c3bc"), (#""😀""#, "a4f09f9880"),
        ("[]", "90"), ("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "dc0010" + String(repeating: "01", count: 16)), ("{}", "80"), ("null", "c0"),
        ("true", "c3"), ("false", "c2"),
    ]
}
