import NIOCore
import SocketIOCore

/// Everything that a client may be waiting for.
struct TestClientInboxes: Sendable {
    struct Reply: Sendable {
        var id: UInt64
        var arguments: Arguments
    }

    /// The socket's id, once the namespace is joined; an empty one, once the connection is open, for a client that does not join.
    let joins: Mailbox<String>
    let events: Mailbox<TestEvent>
    let acknowledgements: Mailbox<Reply>
    /// The numbers of pings that were answered.
    let pongs: Mailbox<UInt64>
    let disconnects: Mailbox<Bool>
    let closures: Mailbox<TestClientClosure>

    init(on eventLoop: any EventLoop) {
        joins = Mailbox("the connect", on: eventLoop)
        events = Mailbox("an event", on: eventLoop)
        acknowledgements = Mailbox("an acknowledgement", on: eventLoop)
        pongs = Mailbox("the answer to a ping", on: eventLoop)
        disconnects = Mailbox("the disconnect", on: eventLoop)
        closures = Mailbox("the end of the connection", on: eventLoop)
    }

    /// What somebody waits for now.
    var waits: [String] {
        let all = [joins.waits, events.waits, acknowledgements.waits, pongs.waits, disconnects.waits, closures.waits]
        return Array(all.joined())
    }

    /// Nothing but the end of the connection is to be expected any more.
    func fail(_ error: TestClientError) {
        joins.finish(throwing: error)
        events.finish(throwing: error)
        acknowledgements.finish(throwing: error)
        pongs.finish(throwing: error)
        disconnects.finish(throwing: error)
    }

    func close(_ closure: TestClientClosure) {
        fail(.closed(closure))
        closures.deliver(closure)
    }
}
