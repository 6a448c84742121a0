import Classroom
import NIOCore
import SocketIOCore
import SocketIOServer

extension RequestPipeline {
    /// Signs in by the handshake's `auth.token`. A client without a token connects without a user.
    func authenticateHandshake(_ request: inout ConnectRequest) async throws {
        guard let token = request.handshake.auth?["token"], !token.isNull else { return }
        guard let token = token.string else { throw Self.connectError(.invalidToken) }
        // The packet is kept while its sign-in waits.
        let bytes = (request.handshake.auth?.bytes.readableBytes ?? 0) + RequestMemory.signInOverhead
        let address = AddressBlock.of(request.handshake.address)
        let holder = "address:\(address)"
        guard memory.reserve(bytes, for: holder) else { throw Self.connectError(Self.tooManySignIns) }
        defer { memory.release(bytes, for: holder) }
        do {
            guard TokenLimits.accepts(token),
                let user = try await verify(token, socketID: nil, address: address)
            else { throw ClassroomError.invalidToken }
            guard presence.hasRoom(for: user.id) else { throw Self.tooManySockets }
            request.data = SignedIn(user: user, token: token)
        } catch {
            throw Self.connectError(refusal(for: error))
        }
    }

    private static let tooManySignIns = ClassroomError(.unavailable, "Too many sign-ins are waiting", retryAfterMs: 1_000)

    /// A CONNECT_ERROR with the refusal's message. Its data is the payload of `auth:error`.
    private static func connectError(_ error: ClassroomError) -> ConnectError {
        ConnectError(message: error.message, data: JSONBody { Responder.write(error, to: &$0) }.slice)
    }
}
