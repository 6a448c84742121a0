import EngineIOCore
import Testing

@Suite("Requests to Engine.IO's path")
struct EngineRequestTests {
    private func error(_ query: String, isGet: Bool = true, isUpgrade: Bool = false) -> EngineRequestError? {
        do throws(EngineRequestError) {
            _ = try EngineRequest(query: QueryString.parameters(query[...]), isGet: isGet, isUpgrade: isUpgrade)
            return nil
        } catch {
            return error
        }
    }

    @Test("each mistake has the error that clients know")
    func mistakes() {
        #expect(error("EIO=4") == .transportUnknown)
        #expect(error("EIO=4&transport=tesla") == .transportUnknown)
        #expect(error("EIO=4&transport=polling", isGet: false) == .badHandshakeMethod)
        #expect(error("EIO=4&transport=websocket") == .badRequest)
        #expect(error("EIO=4&transport=polling", isUpgrade: true) == .badRequest)
        #expect(error("EIO=4&transport=polling&sid=x", isUpgrade: true) == .badRequest)
        #expect(error("EIO=3&transport=polling") == .unsupportedProtocolVersion)
        #expect(error("transport=polling") == .unsupportedProtocolVersion)
        #expect(error("EIO=4&transport=polling") == nil)
        #expect(error("EIO=4&transport=websocket", isUpgrade: true) == nil)
        #expect(error("transport=polling&sid=x", isGet: false) == nil)
    }

    @Test("an error's body is the reference's JSON, whatever the message holds")
    func body() {
        #expect(EngineRequestError.sessionUnknown.body == #"{"code":1,"message":"Session ID unknown"}"#)
        #expect(EngineRequestError.forbidden("a \"b\"\r\n\\").body == #"{"code":4,"message":"a \"b\"  \\"}"#)
    }
}
