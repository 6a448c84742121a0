import Classroom
import SocketIOServer

extension RequestPipeline {
    /// An event by one of our prefixes that we do not have. What has another name is somebody else's, and none of our business.
    func refuseUnknown(_ incoming: EventRequest, _ name: String) {
        counters.requests.count()
        refuse(incoming, name, ClassroomError(.notFound, "Unknown event"))
    }

    /// Refuses a request of which nothing but the event's name is read. The name comes back to its sender, 64 bytes of it.
    func refuse(_ incoming: EventRequest, _ name: String, _ error: ClassroomError) {
        let responder = Responder(
            event: String(decoding: name.utf8.prefix(64), as: UTF8.self), socket: incoming.socket.reference,
            acknowledge: incoming.acknowledge, sentAt: nil, counters: counters)
        responder.fail(error)
    }
}
