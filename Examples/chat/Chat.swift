import HTTPTypes
import Hummingbird
import SocketIOHummingbird

struct Message: Codable, Sendable {
    var from: String?
    var text: String
}

/// Declared once, checked by the compiler wherever they are used.
enum Chat {
    static let enter = Event<String, [String]>("enter")  // a name; who is there already
    static let say = Event<Message, Void>("say")
    static let said = Event<Message, Void>("said")
}

@main
struct ChatServer {
    static func main() async throws {
        let io = SocketIO()
        io.onConnection { socket in
            socket.on(Chat.enter) { request async throws in
                // Clients' texts are bounded before they are compared, kept, or repeated to everybody.
                guard (1...64).contains(request.payload.utf8.count) else {
                    throw SocketIOError(code: "invalid", message: "A name has 1 to 64 bytes.")
                }
                let names = try await io.in("chat").fetchSockets().compactMap { $0.data(as: String.self) }
                guard !names.contains(request.payload) else {
                    throw SocketIOError(code: "name_taken", message: "Please choose another name.")
                }
                request.socket.perform { socket in
                    socket.data = request.payload
                    socket.join("chat")
                }
                return names
            }
            socket.on(Chat.say) { request in
                guard let name = request.socket.data(as: String.self) else {
                    throw SocketIOError(code: "unknown", message: "Please enter first.")
                }
                guard request.text.utf8.count <= 2_000 else { throw SocketIOError(code: "invalid", message: "That is too long.") }
                io.to("chat").emit(Chat.said, Message(from: name, text: request.text))
            }
        }
        let router = Router()
        router.get("/") { _, _ in EditedResponse(headers: [.contentType: "text/html; charset=utf-8"], response: page) }
        let address = ApplicationConfiguration(address: .hostname("127.0.0.1", port: 3000), serverName: nil)
        try await Application(router: router, configuration: address, services: [SocketIOService(io)]).socketIO(io).runService()
    }

    static let page = """
        <!doctype html><title>Chat</title><ul id="log"></ul><form id="form"><input id="text" autofocus placeholder="Your name"></form>
        <script src="/socket.io/socket.io.js"></script>
        <script>
        const socket = io(), [log, form, text] = ["log", "form", "text"].map((id) => document.getElementById(id));
        const show = (line) => log.append(Object.assign(document.createElement("li"), { textContent: line }));
        let entered = false;
        socket.on("said", ({ from, text }) => show(`${from}: ${text}`));
        form.onsubmit = async (event) => {
          event.preventDefault();
          const answer = entered ? await socket.emitWithAck("say", { text: text.value }) : await socket.emitWithAck("enter", text.value);
          if (answer?.error) return show(answer.error.message);
          if (!entered) [entered, text.placeholder] = [true, "Say something"], show(`Also here: ${answer.join(", ") || "nobody"}`);
          text.value = "";
        };
        </script>
        """
}
