import JSONCore
import NIOCore

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
