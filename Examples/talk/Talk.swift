import Hummingbird
import SocketIOHummingbird

@main
struct Talk {
    static func main() async throws {
        let io = SocketIO()
        io.onConnection { socket in  // on the socket's event loop
            socket.on("join") { request in
                socket.join(request.arguments.first.string ?? "lobby")
                request.acknowledge?(true)
            }
            socket.on("say") { request in  // say(room, text): to everybody in the room but the sender
                socket.to(request.arguments[0].string ?? "lobby").emit("said", socket.id, request.arguments[1])
            }
        }
        let router = Router()
        router.get("/") { _, _ in "Socket.IO is at /socket.io/" }
        let app = Application(router: router, services: [SocketIOService(io)])
        try await app.socketIO(io).runService()
    }
}
