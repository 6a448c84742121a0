import NIOCore
import SocketIOCore
import Testing

@Suite("Packets that are written")
struct PacketEncodingTests {
    @Test("events")
    func events() {
        #expect(encoded { SocketIOEncoder.event("x", into: &$0) } == #"2["x"]"#)
        #expect(encoded { SocketIOEncoder.event("x", id: 12, into: &$0) { $0.int(1) } } == #"212["x",1]"#)
        let namespaced = encoded {
            SocketIOEncoder.event("a\"b", namespace: "/chat", id: 0, into: &$0) { writer in
                writer.string("s")
                writer.object { $0.field("k", JSONSlice.null) }
            }
        }
        #expect(namespaced == #"2/chat,0["a\"b","s",{"k":null}]"#)
    }

    @Test("acknowledgements")
    func acks() {
        #expect(encoded { SocketIOEncoder.ack(id: 7, into: &$0) } == "37[]")
        #expect(
            encoded { SocketIOEncoder.ack(id: UInt64.max, namespace: "/a", into: &$0) { $0.bool(true) } }
                == "3/a,18446744073709551615[true]")
    }

    @Test("the connection's packets")
    func connection() throws {
        #expect(encoded { SocketIOEncoder.connect(sid: "abc", into: &$0) } == #"0{"sid":"abc"}"#)
        #expect(encoded { SocketIOEncoder.connect(namespace: "/n", sid: "abc", pid: "p", into: &$0) } == #"0/n,{"sid":"abc","pid":"p"}"#)
        #expect(encoded { SocketIOEncoder.connectRequest(into: &$0) } == "0")
        let auth = try JSONSlice(#"{"token":"t"}"#)
        #expect(encoded { SocketIOEncoder.connectRequest(namespace: "/n", auth: auth, into: &$0) } == #"0/n,{"token":"t"}"#)
        #expect(encoded { SocketIOEncoder.connectError(message: "no", into: &$0) } == #"4{"message":"no"}"#)
        #expect(
            encoded { SocketIOEncoder.connectError(namespace: "/n", message: "no", data: auth, into: &$0) }
                == #"4/n,{"message":"no","data":{"token":"t"}}"#)
        #expect(encoded { SocketIOEncoder.disconnect(into: &$0) } == "1")
        #expect(encoded { SocketIOEncoder.disconnect(namespace: "/n", into: &$0) } == "1/n,")
    }

    @Test("binary packets name their attachments")
    func binary() {
        #expect(
            encoded {
                SocketIOEncoder.event("x", attachments: 2, into: &$0) {
                    $0.placeholder(0); $0.placeholder(1)
                }
            }
                == #"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        #expect(
            encoded {
                SocketIOEncoder.ack(id: 7, attachments: 1, into: &$0) {
                    $0.null(); $0.placeholder(0)
                }
            } == #"61-7[null,{"_placeholder":true,"num":0}]"#)
    }

    @Test("writing appends to what the buffer holds")
    func appends() {
        var buffer = ByteBuffer(string: "4")
        SocketIOEncoder.event("x", into: &buffer)
        SocketIOEncoder.ack(id: 1, into: &buffer)
        #expect(String(buffer: buffer) == #"42["x"]31[]"#)
    }

    @Test(
        "what is written is read the same, a received argument passed on raw",
        arguments: ["echo", "", "grün", "a\"\\\n", "7", "a name beyond fifteen bytes"])
    func roundTrip(name: String) throws {
        let argument = try JSONSlice(#"{"a":[1.50,"\ud800é"]}"#)
        let text = encoded { SocketIOEncoder.event(name, namespace: "/ns", id: 5, into: &$0) { $0.value(argument) } }
        let packet = try packet(text, from: .server)
        #expect(packet.namespace == "/ns")
        #expect(packet.id == 5)
        #expect(Arguments(packet).name == name)
        #expect(Arguments(packet)[0] == argument)
    }

    @Test("an event has a name and two types")
    func event() {
        struct Message {}
        let event = Event<Message, Void>("chat:message")
        #expect(event.name == "chat:message")
        #expect("\(event)" == "chat:message")
    }
}
