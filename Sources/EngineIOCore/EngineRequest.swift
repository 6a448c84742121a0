/// What the query and the method of a request to Engine.IO's path ask for, after the checks that need no session.
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
