import Classroom
import ClassroomStore
import JSONCore
import NIOCore

/// What the nodes keep for each other, so that not each of them reads it from the database: the sessions of join codes, and final boards.
extension LiveQuizService {
    // MARK: Join codes

    func sessionID(joinCode: String) async throws -> String {
        guard let code = JoinCode(joinCode) else { throw ClassroomError.sessionNotFound }
        if let sessionID = await keptSessionID(of: code) { return sessionID }
        guard let session = try await store.session(joinCode: code.value) else { throw ClassroomError.sessionNotFound }
        keep(code.value, of: session)
        return session.id
    }

    /// It holds for a session that is known to be run somewhere: all nodes are told when one is over, and its code is free then.
    private func keptSessionID(of code: JoinCode) async -> String? {
        guard let bytes = await cluster?.kept(.joinCode(code.value)), bytes.readableBytes <= Identifier.maximumLength else { return nil }
        let sessionID = String(buffer: bytes)
        guard Identifier.isValid(sessionID) else { return nil }
        if let session = registry.loaded(sessionID) { return await session.isOver ? nil : sessionID }
        return nodes?.place(of: sessionID) == nil ? nil : sessionID
    }

    func keep(_ code: String, of session: SessionIncarnation) {
        cluster?.keep(
            SharedValue(key: .joinCode(code), createdAt: session.createdAt, version: 0, bytes: ByteBuffer(string: session.id)))
    }

    // MARK: Final boards

    /// The board of a session that has ended, as another node made it from all its answers.
    func finalBoard(of sessionID: String) async throws -> FinalBoard? {
        guard let cluster, registry.loaded(sessionID) == nil, nodes?.place(of: sessionID) == nil,
            let bytes = await cluster.kept(.board(sessionID)), let board = FinalBoard(bytes)
        else { return nil }
        // The row may be gone, or another session's.
        return try await store.sessionCreation(id: sessionID) == board.createdAt ? board : nil
    }

    /// Keeps a session's board if it is the last one.
    func keepFinalBoard(of session: SessionActor) async {
        guard let cluster, let (version, board) = await session.finalBoard(), let bytes = board.bytes else { return }
        cluster.keep(SharedValue(key: .board(session.id), createdAt: session.createdAt, version: version, bytes: bytes))
    }
}

/// The whole board of a session that has ended, and the owner of the session.
struct FinalBoard: Codable, Sendable {
    let createdAt: UnixMilliseconds
    let createdBy: String
    /// As ``LeaderboardDocument`` writes it.
    let document: JSONSlice

    init(createdAt: UnixMilliseconds, createdBy: String, document: ByteBuffer) {
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.document = JSONSlice(unchecked: document)
    }

    /// - Returns: nil for anything but a board.
    init?(_ bytes: ByteBuffer) {
        guard let board: FinalBoard = try? JSONSlice(validating: bytes, maximumDepth: 8).decode(), board.document["entries"] != nil,
            board.createdBy.utf8.count <= TokenLimits.maximumUserIDBytes
        else { return nil }
        self = board
    }

    /// nil: it cannot be written.
    var bytes: ByteBuffer? {
        var writer = JSONWriter()
        do { try writer.encode(self) } catch { return nil }
        return writer.buffer
    }

    /// Whether somebody may read it: the host and those on the board may.
    func isOpen(to userID: String, managesQuizzes: Bool) -> Bool {
        SessionRecord.isHosted(owner: createdBy, by: userID, managesQuizzes: managesQuizzes)
            || document["entries"]?.elements.contains { $0["userId"]?.string?.hasSameBytes(as: userID) == true } == true
    }
}
