import Hummingbird
import NIOCore

/// The description of the HTTP API, for people and for tools.
enum OpenAPIDocument {
    /// Media type: RFC 9512.
    static var response: Response { .bytes(ByteBuffer(bytes: PackageResources.openapi_yaml), type: "application/yaml") }
}
