import SocketIOServer

/// A server with one handler of each kind.
func makeEchoRoom(configuration: SocketIOConfiguration = .init()) -> SocketIO {
    let io = SocketIO(configuration: configuration)
    io.use { request in
        if request.handshake.auth?["token"]?.string == "wrong" {
            throw ConnectError(message: "unauthorized", data: try? JSONSlice(#"{"code":"token_invalid"}"#))
        }
    }
    io.onConnection { socket in
        socket.on("echo") { request in request.acknowledge?(request.arguments.first) }
        socket.on("join") { request in
            request.socket.join(request.arguments.first.string ?? "")
            request.acknowledge?()
        }
        socket.on("say") { [io] request in
            io.to(request.arguments[0].string ?? "").emit("said", request.arguments[1])
            request.acknowledge?()
        }
        socket.on("silence") { _ in }
        socket.on("leave") { request in request.socket.disconnect() }
        socket.on("out") { request in request.socket.disconnect(close: true) }
    }
    return io
}
