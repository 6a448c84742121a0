import SocketIOServer
import SocketIOTesting
import XCTest

/// The kit in XCTest: what it throws fails a test there, too.
///
/// `@concurrent` is what XCTest's own runner takes an asynchronous method for.
final class KitXCTests: XCTestCase {
    @concurrent func testAMessageReachesTheOtherMembersOfTheRoom() async throws {
        try await withTestServer(inProcess: makeEchoRoom()) { server in
            let ann = try await server.connect(), ben = try await server.connect()
            for member in [ann, ben] { _ = try await member.call("join", "r") }
            _ = try await ann.call("say", "r", "hello")
            try await ben.expect("said", "hello")
        }
    }

    @concurrent func testTheClockIsMovedByTheTest() async throws {
        try await withTestServer(simulating: makeEchoRoom()) { server, clock in
            let silent = try await server.connect { $0.answersPings = false }
            await clock.advance(by: .seconds(44))
            XCTAssertTrue(silent.isConnected)
            await clock.advance(by: .seconds(1))
            try await silent.closed()
        }
    }

    @concurrent func testAFailedExpectationIsAnError() async throws {
        try await withTestServer(inProcess: makeEchoRoom()) { server in
            let ann = try await server.connect()
            do {
                try await ann.expect("said", timeout: .zero)
                XCTFail("nothing was said")
            } catch {
                XCTAssertEqual("\(error)", #"expected ["said"], but nothing arrived"#)
            }
        }
    }
}
