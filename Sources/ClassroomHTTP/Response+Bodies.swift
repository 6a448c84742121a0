import HTTPTypes
import Hummingbird
import JSONCore
import NIOCore

extension Response {
    static let jsonType = "application/json; charset=utf-8"

    /// A JSON body. A value that cannot be encoded is this program's fault: 500, without a body.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        var writer = JSONWriter()
        do { try writer.encode(value) } catch { return Response(status: .internalServerError) }
        return bytes(writer.buffer, type: jsonType, status: status)
    }

    /// A JSON body of a value that writes itself.
    static func json(_ value: some JSONWritable, status: HTTPResponse.Status = .ok) -> Response {
        var writer = JSONWriter()
        value.write(to: &writer)
        return bytes(writer.buffer, type: jsonType, status: status)
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok) -> Response {
        bytes(ByteBuffer(string: text), type: type, status: status)
    }

    static func bytes(_ buffer: ByteBuffer, type: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: buffer))
    }
}
