import NIOCore
import Testing

@testable import ClassroomLive

@Suite("Final boards that nodes keep for each other")
struct FinalBoardTests {
    private func kept(of owner: String) throws -> ByteBuffer {
        let document = ByteBuffer(string: "{\"entries\":[{\"userId\":\"ann\"},{\"userId\":\"\u{E9}\"}]}")
        return try #require(FinalBoard(createdAt: 1, createdBy: owner, document: document).bytes)
    }

    @Test("a board is read if its owner's id has at most as many bytes as a user's id may have")
    func owner() throws {
        for (count, isRead) in [(128, true), (129, false)] {
            let bytes = try kept(of: String(repeating: "o", count: count))
            #expect((FinalBoard(bytes) != nil) == isRead)
        }
    }

    @Test("it is open to the host and to those on it, whose ids are compared byte by byte")
    func readers() throws {
        let board = try #require(FinalBoard(try kept(of: "teacher")))
        for reader in ["teacher", "ann", "\u{E9}"] { #expect(board.isOpen(to: reader, managesQuizzes: false)) }
        for reader in ["ben", "e\u{301}", ""] { #expect(!board.isOpen(to: reader, managesQuizzes: true)) }
    }
}
