/// What two endpoints agree on for `permessage-deflate` (RFC 7692 §7.1): the negotiation alone, without the compression.
public struct PerMessageDeflate: Sendable, Hashable {
    public static let name = "permessage-deflate"
    /// Base-2 logarithms of the sizes of LZ77 windows.
    public static let windowBits = 8...15

    /// The server compresses each message on its own.
    public var serverNoContextTakeover: Bool
    /// The client compresses each message on its own.
    public var clientNoContextTakeover: Bool
    /// The window that the server compresses with.
    public var serverMaximumWindowBits: Int
    /// The window that the client compresses with.
    public var clientMaximumWindowBits: Int

    public init(
        serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false, serverMaximumWindowBits: Int = 15,
        clientMaximumWindowBits: Int = 15
    ) {
        precondition(Self.windowBits.contains(serverMaximumWindowBits) && Self.windowBits.contains(clientMaximumWindowBits))
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverMaximumWindowBits = serverMaximumWindowBits
        self.clientMaximumWindowBits = clientMaximumWindowBits
    }

    /// The bits that the extension takes from the frame header.
    public var reservedBits: WebSocketReservedBits { .rsv1 }

    // MARK: Client

    /// What a client asks for. A window of 15 bits, the default, is offered by name only for the client's own: it says that the client
    /// understands a smaller one.
    public var offer: WebSocketExtension {
        var one = header
        if clientMaximumWindowBits == 15 { one.parameters.append(.init("client_max_window_bits")) }
        return one
    }

    /// The agreement that a server's response makes of this offer (RFC 7692 §5.1).
    ///
    /// - Returns: nil: the response accepts what was not offered, or is no valid response; the connection has to be failed.
    public func accepted(by response: WebSocketExtension) -> PerMessageDeflate? {
        guard let parameters = Parameters(response, isResponse: true) else { return nil }
        // A server may take over less than it was asked not to, never more.
        if serverNoContextTakeover, !parameters.serverNoContextTakeover { return nil }
        if let bits = parameters.serverBits, bits > serverMaximumWindowBits { return nil }
        if serverMaximumWindowBits < 15, parameters.serverBits == nil { return nil }
        return PerMessageDeflate(
            serverNoContextTakeover: parameters.serverNoContextTakeover,
            clientNoContextTakeover: clientNoContextTakeover || parameters.clientNoContextTakeover,
            serverMaximumWindowBits: parameters.serverBits ?? 15,
            clientMaximumWindowBits: min(clientMaximumWindowBits, parameters.clientBits ?? 15))
    }

    // MARK: Server

    /// Chooses the first acceptable one of a client's offers (RFC 7692 §5). `self` is what the server would like.
    ///
    /// - Returns: the agreement, and the extension that the response names; nil: none of the offers fits, and the response names none.
    public func choose(from offers: [WebSocketExtension]) -> (agreement: PerMessageDeflate, response: WebSocketExtension)? {
        for offer in offers where offer.name.lowercased() == Self.name {
            guard let asked = Parameters(offer, isResponse: false) else { continue }
            let agreement = PerMessageDeflate(
                serverNoContextTakeover: serverNoContextTakeover || asked.serverNoContextTakeover,
                clientNoContextTakeover: clientNoContextTakeover || asked.clientNoContextTakeover,
                serverMaximumWindowBits: min(serverMaximumWindowBits, asked.serverBits ?? 15),
                // Without the parameter the client does not understand a smaller window than it has.
                clientMaximumWindowBits: asked.hasClientBits ? min(clientMaximumWindowBits, asked.clientBits ?? 15) : 15)
            return (agreement, agreement.header)
        }
        return nil
    }

    /// The extension as a response names it: the parameters that differ from the defaults.
    package var header: WebSocketExtension {
        var parameters: [WebSocketExtension.Parameter] = []
        if serverNoContextTakeover { parameters.append(.init("server_no_context_takeover")) }
        if clientNoContextTakeover { parameters.append(.init("client_no_context_takeover")) }
        if serverMaximumWindowBits < 15 { parameters.append(.init("server_max_window_bits", "\(serverMaximumWindowBits)")) }
        if clientMaximumWindowBits < 15 { parameters.append(.init("client_max_window_bits", "\(clientMaximumWindowBits)")) }
        return WebSocketExtension(Self.name, parameters: parameters)
    }

    /// The parameters of one header. An unknown, repeated or out of range one makes the whole invalid (RFC 7692 §7.1).
    private struct Parameters {
        var serverNoContextTakeover = false
        var clientNoContextTakeover = false
        var serverBits: Int?
        var hasClientBits = false
        var clientBits: Int?

        init?(_ header: WebSocketExtension, isResponse: Bool) {
            guard header.name.lowercased() == PerMessageDeflate.name else { return nil }
            var seen: Set<String> = []
            for parameter in header.parameters {
                guard seen.insert(parameter.name).inserted else { return nil }
                switch (parameter.name, parameter.value) {
                case ("server_no_context_takeover", nil): serverNoContextTakeover = true
                case ("client_no_context_takeover", nil): clientNoContextTakeover = true
                case ("server_max_window_bits", let value?):
                    guard let bits = Self.bits(value) else { return nil }
                    serverBits = bits
                case ("client_max_window_bits", nil) where !isResponse: hasClientBits = true
                case ("client_max_window_bits", let value?):
                    guard let bits = Self.bits(value) else { return nil }
                    hasClientBits = true
                    self.clientBits = bits
                default: return nil
                }
            }
        }

        /// "8" to "15", without a leading zero.
        private static func bits(_ text: String) -> Int? {
            guard let bits = Int(text), PerMessageDeflate.windowBits.contains(bits), "\(bits)" == text else { return nil }
            return bits
        }
    }
}
