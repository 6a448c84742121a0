import NIOCore
import SocketIOCore

func packet(
    _ text: String, limits: SocketIOLimits = SocketIOLimits(), from sender: SocketIOPacket.Sender = .client
) throws(SocketIOProtocolError) -> SocketIOPacket {
    try SocketIOPacket.decode(ByteBuffer(string: text), limits: limits, from: sender)
}

/// What a packet is refused for; `nil` when it is accepted.
func refusal(
    _ text: String, limits: SocketIOLimits = SocketIOLimits(), from sender: SocketIOPacket.Sender = .client
) -> SocketIOProtocolError.Kind? {
    do throws(SocketIOProtocolError) {
        _ = try packet(text, limits: limits, from: sender)
        return nil
    } catch {
        return error.kind
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

func encoded(_ body: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    body(&buffer)
    return String(buffer: buffer)
}

func written(_ body: (inout JSONWriter) -> Void) -> String { JSONWriter.text(body) }
