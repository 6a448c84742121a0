import Hummingbird
import SocketIOHummingbird

/// The second example of README: a namespace of its own.
func addDuty(to io: SocketIO) async throws {
    let admin = io.of("/admin")
    admin.use { request in  // a refused client gets CONNECT_ERROR
        guard let name = request.handshake.auth?["name"]?.string else { throw ConnectError(message: "who are you?") }
        request.data = name
    }
    admin.onConnection { socket in socket.join("duty") }
    admin.to("duty").except("asleep").emit("alarm", 1)  // to, in, except, local, volatile, compress, timeout
    for socket in try await admin.in("duty").fetchSockets() { print(socket.id, socket.data as? String ?? "") }
    admin.in("duty").socketsJoin("night")  // socketsLeave, disconnectSockets
}
