import JSONCore
import NIOCore

/// SplitMix64: the same seed gives the same run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Why a text is no JSON; `nil` when it is.
func syntaxError(_ text: [UInt8], maximumDepth: Int = 128) -> JSONSyntaxError.Kind? {
    do throws(JSONSyntaxError) {
        _ = try JSONSlice(validating: ByteBuffer(bytes: text), maximumDepth: maximumDepth)
        return nil
    } catch {
        return error.kind
    }
}

func syntaxError(_ text: String, maximumDepth: Int = 128) -> JSONSyntaxError.Kind? {
    syntaxError(Array(text.utf8), maximumDepth: maximumDepth)
}

func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(buffer: writer.buffer)
}

func written(_ value: some JSONWritable) -> String { written { $0.value(value) } }
