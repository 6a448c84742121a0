import Classroom
import SocketIOServer

extension RequestPipeline {
    /// An event of ours that we do not have is refused; what has another name is somebody else's, and none of our business.
    func refuseUnknown(_ incoming: EventRequest) {
        guard Self.prefixes.contains(where: { incoming.name.hasPrefix($0) }) else { return }
        counters.requests.count()
        let responder = Responder(
            event: String(incoming.name.prefix(64)), socket: incoming.socket.reference, acknowledge: incoming.acknowledge, sentAt: nil,
            counters: counters)
        responder.fail(ClassroomError(.notFound, "Unknown event"))
    }

    private static let prefixes = ["quiz:", "chat:", "dashboard:"]
}
