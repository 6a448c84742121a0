import Classroom
import SocketIOServer

extension RequestPipeline {
    /// An event by one of our prefixes that we do not have. What has another name is somebody else's, and none of our business.
    func refuseUnknown(_ incoming: EventRequest) {
        counters.requests.count()
        let responder = Responder(
            event: String(incoming.name.prefix(64)), socket: incoming.socket.reference, acknowledge: incoming.acknowledge, sentAt: nil,
            counters: counters)
        responder.fail(ClassroomError(.notFound, "Unknown event"))
    }
}
