/// A refused HTTP request: the status and the JSON body `{"code":n,"message":"…"}` that Engine.IO clients expect.
public struct EngineRequestError: Error, Hashable, Sendable {
    public let status: Int
    public let code: Int
    public let message: String

    public init(status: Int = 400, code: Int, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    public static let transportUnknown = EngineRequestError(code: 0, message: "Transport unknown")
    public static let sessionUnknown = EngineRequestError(code: 1, message: "Session ID unknown")
    public static let badHandshakeMethod = EngineRequestError(code: 2, message: "Bad handshake method")
    public static let badRequest = EngineRequestError(code: 3, message: "Bad request")
    public static let unsupportedProtocolVersion = EngineRequestError(code: 5, message: "Unsupported protocol version")

    public static let overloaded = EngineRequestError(status: 503, code: 3, message: "Too many sessions")

    /// A refusal by the server's own rules, origin check included.
    public static func forbidden(_ message: String) -> EngineRequestError {
        EngineRequestError(status: 403, code: 4, message: message)
    }

    /// The response body. `message` is written by the server and holds nothing that needs escaping but quotes.
    public var body: String {
        var escaped = ""
        for scalar in message.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case _ where scalar.value < 0x20: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return "{\"code\":\(code),\"message\":\"\(escaped)\"}"
    }
}
