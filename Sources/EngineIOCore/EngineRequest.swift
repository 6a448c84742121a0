/// How packets travel (the `transport` query parameter).
public enum EngineTransport: String, Sendable, CaseIterable {
    case polling
    case websocket

    /// - Parameter name: as the other end wrote it. A long one is not compared: comparing strings normalises them, which takes quadratic time
    ///   where one letter has many marks.
    package init?(named name: String) {
        guard name.utf8.count <= 16 else { return nil }
        self.init(rawValue: name)
    }
}

/// A request to Engine.IO's path, after the checks of its query and method that need no session.
public struct EngineRequest: Hashable, Sendable {
    public let transport: EngineTransport
    /// nil: a handshake.
    public let sid: String?
    public let isUpgrade: Bool

    /// Checks a request in the reference's order, so that each mistake gets the error that clients know.
    ///
    /// - Parameter isUpgrade: whether the request carries `Upgrade: websocket`.
    public init(
        query: [String: String], isGet: Bool, isUpgrade: Bool, transports: Set<EngineTransport> = [.polling, .websocket]
    ) throws(EngineRequestError) {
        guard let name = query["transport"], let transport = EngineTransport(named: name), transports.contains(transport) else {
            throw .transportUnknown
        }
        self.transport = transport
        self.isUpgrade = isUpgrade
        if let sid = query["sid"], !sid.isEmpty {
            self.sid = sid
            if isUpgrade, transport != .websocket { throw .badRequest }
        } else {
            sid = nil
            guard isGet else { throw .badHandshakeMethod }
            if (transport == .websocket) != isUpgrade { throw .badRequest }
            guard let version = query["EIO"], version.utf8.elementsEqual("4".utf8) else { throw .unsupportedProtocolVersion }
        }
    }
}

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
