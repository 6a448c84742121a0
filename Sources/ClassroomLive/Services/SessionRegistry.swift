import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers
import SocketIOServer

/// The sessions in memory, by id. It loads a session from the store on demand. Thread-safe.
final class SessionRegistry: Sendable {
    private enum Slot {
        /// Concurrent requests for one session share one query.
        case loading(Task<SessionActor, any Error>, generation: Int)
        case live(SessionActor, SessionStatus)
    }

    private struct State {
        var slots: [String: Slot] = [:]
        var generation = 0
        /// Sessions in memory by status and by owner.
        var counts: [SessionStatus: Int] = [:]
        var owned: [String: Int] = [:]

        /// Every change goes through here, so that counts need no search.
        mutating func set(_ slot: Slot?, for id: String) {
            count(slots[id], by: -1)
            slots[id] = slot
            count(slot, by: 1)
        }

        private mutating func count(_ slot: Slot?, by change: Int) {
            guard case .live(let session, let status) = slot else { return }
            counts[status, default: 0] += change
            let owned = (owned[session.createdBy] ?? 0) + change
            self.owned[session.createdBy] = owned > 0 ? owned : nil
        }
    }

    private let state = NIOLockedValueBox(State())
    /// Bytes of the quizzes that are played.
    private let quizMemory: Places
    private let io: SocketIO
    private let store: any ClassroomStore
    private let clock: any ClassroomClock
    private let configuration: RuntimeConfiguration
    private let counters: RuntimeCounters
    private let leases: SessionLeases
    /// Nil if there are no other nodes.
    private let nodes: NodeExchange?
    private let logger: Logger

    init(
        io: SocketIO, store: any ClassroomStore, clock: any ClassroomClock, configuration: RuntimeConfiguration,
        counters: RuntimeCounters, leases: SessionLeases, nodes: NodeExchange? = nil, logger: Logger
    ) {
        self.nodes = nodes
        self.io = io
        self.store = store
        self.clock = clock
        self.configuration = configuration
        self.counters = counters
        self.leases = leases
        self.logger = logger
        quizMemory = Places(
            capacity: configuration.maximumPlayedQuizBytes, maximumPerUser: configuration.maximumPlayedQuizBytesPerOwner,
            refusal: "The quizzes that are being played take too much memory")
    }

    /// How many sessions in memory have this status.
    func count(_ status: SessionStatus) -> Int {
        state.withLockedValue { $0.counts[status] ?? 0 }
    }

    var all: [SessionActor] {
        state.withLockedValue { state in
            state.slots.values.compactMap { if case .live(let session, _) = $0 { session } else { nil } }
        }
    }

    func loaded(_ id: String) -> SessionActor? {
        state.withLockedValue { state in
            if case .live(let session, _) = state.slots[id] { session } else { nil }
        }
    }

    /// The session, from memory or from the store. If no server runs it, this one does from then on.
    ///
    /// - Throws: ``SessionElsewhere`` while another node runs it.
    func session(_ id: String) async throws -> SessionActor {
        let slot = try state.withLockedValue { state -> Slot in
            if let slot = state.slots[id] { return slot }
            try requireRoom(state)
            state.generation += 1
            let generation = state.generation
            let slot = Slot.loading(Task { try await self.load(id, generation) }, generation: generation)
            state.set(slot, for: id)
            return slot
        }
        switch slot {
        case .live(let session, _): return session
        case .loading(let task, _): return try await task.value
        }
    }

    /// Throws if there is no room for another session, or for another one of this owner.
    func requireRoom(for owner: String) throws {
        try state.withLockedValue { state in
            try requireRoom(state)
            try requireRoom(state, for: owner)
        }
    }

    /// Adds a session that was just created. If a request has loaded its row already, that session is kept. Another session of the same id
    /// belongs to a deleted row: it leaves its rooms, which have the same names, before the new one is added.
    ///
    /// - Parameter memory: of the quiz.
    func adopt(_ created: SessionRecord, _ quiz: Quiz, _ memory: Places.Place) async throws -> SessionActor {
        let record = try await leases.acquire(created)
        for _ in 0..<Self.adoptionAttempts {
            // A query under way may return the former session, or none.
            if let session = try? await adoptOnce(record, quiz, memory), session.createdAt == record.createdAt {
                nodes?.runs(record.id, epoch: record.epoch)
                return session
            }
        }
        throw ClassroomError(.unavailable, "The session is busy, please try again", retryAfterMs: 1_000)
    }

    private static let adoptionAttempts = 4

    private func adoptOnce(_ record: SessionRecord, _ quiz: Quiz, _ memory: Places.Place) async throws -> SessionActor {
        let session = make(record, quiz, [], [], memory)
        let slot = state.withLockedValue { state -> Slot in
            let slot: Slot
            switch state.slots[record.id] {
            case .live(let present, _) where present.createdAt != record.createdAt:
                state.generation += 1
                let generation = state.generation
                let change = Task<SessionActor, any Error> {
                    await present.vanish()
                    self.complete(record, session, generation)
                    return session
                }
                slot = .loading(change, generation: generation)
            case .some(let present): return present
            case nil: slot = .live(session, record.status)
            }
            state.set(slot, for: record.id)
            return slot
        }
        switch slot {
        case .live(let session, _): return session
        case .loading(let task, _): return try await task.value
        }
    }

    private func complete(_ record: SessionRecord, _ session: SessionActor, _ generation: Int) {
        state.withLockedValue { state in
            if case .loading(_, generation) = state.slots[record.id] { state.set(.live(session, record.status), for: record.id) }
        }
    }

    // MARK: Loading

    private func load(_ id: String, _ generation: Int) async throws -> SessionActor {
        do {
            guard let found = try await store.session(id: id) else { throw ClassroomError.sessionNotFound }
            // An ended session has no owner: it is only read.
            let record = found.status == .ended ? found : try await leases.acquire(found)
            // Checked before all answers are read.
            try state.withLockedValue { try requireRoom($0, for: record.createdBy) }
            // An ended session keeps its board after its quiz was deleted.
            let gone = record.status == .ended ? Quiz(id: record.quizID, title: "", questions: [], createdBy: "") : nil
            let room = try await record.status == .waiting ? self.memory(ofQuiz: record.quizID, for: record.createdBy, sessionID: id) : nil
            guard let quiz = try await quiz(of: record) ?? gone else { throw ClassroomError(.notFound, "Quiz not found") }
            let memory = try memory(of: quiz, for: record.createdBy, sessionID: id, room)
            let session = make(
                record, quiz, try await store.participants(sessionID: id), try await store.answers(sessionID: id), memory)
            let seats = nodes?.ownSeats(in: id) ?? []
            await session.seatOwn(seats)
            await session.resume()
            let adopted = try state.withLockedValue { state -> SessionActor? in
                guard case .loading(_, generation) = state.slots[id] else {
                    if case .live(let other, _) = state.slots[id] { return other }
                    return nil
                }
                // Other sessions of this owner may have been loaded meanwhile.
                try requireRoom(state, for: record.createdBy)
                state.set(.live(session, record.status), for: id)
                return session
            }
            if let adopted, adopted !== session { await session.retire(keepsRooms: nodes != nil) }
            if record.status != .ended, adopted === session {
                nodes?.runs(id, epoch: record.epoch)
                // Some sockets may have gone since they were seated. The others may have missed events since the last commit of the former
                // owner.
                let present = nodes?.ownSeats(in: id) ?? []
                let ids = Set(present.map(\.socket.id))
                for seat in seats where !ids.contains(seat.socket.id) { await session.socketLeft(seat.socket.id, seat.userID) }
                await session.take(present, tellsAll: true)
            }
            return adopted ?? session
        } catch {
            let isGone = state.withLockedValue { state in
                if case .loading(_, generation) = state.slots[id] { state.set(nil, for: id) }
                return state.slots[id] == nil
            }
            if isGone { leases.release(id) }
            throw error
        }
    }

    /// The quiz as it is played; nil if it is gone, also if its id is another owner's by now. An active session that was written by hand has no copy yet and gets one.
    private func quiz(of record: SessionRecord) async throws -> Quiz? {
        if let played = try await store.playedQuiz(sessionID: record.id) { return played }
        // Another's quiz that has taken the id meanwhile is not played: its host would see the answers.
        guard let quiz = try await store.quiz(id: record.quizID), record.mayPlay(quiz) else { return nil }
        if record.status != .waiting {
            store.keep(quiz, sessionID: record.id, fence: SessionFence(record)) { _ in }
        }
        return quiz
    }

    /// Room for a quiz of the library in a session's memory, taken before the quiz is read: one that there is no room for is not read.
    ///
    /// - Returns: nil if the store does not know what the quiz takes.
    func memory(ofQuiz quizID: String, for owner: String, sessionID: String) async throws -> Places.Place? {
        guard let bytes = try await store.quizMemoryBytes(id: quizID) else { return nil }
        return try memory(bytes, for: owner, sessionID: sessionID)
    }

    /// Room for a quiz that was read. `room` is what was taken for it before, if anything.
    func memory(of quiz: Quiz, for owner: String, sessionID: String, _ room: Places.Place?) throws -> Places.Place {
        guard let room else { return try memory(quiz.memoryBytes, for: owner, sessionID: sessionID) }
        try room.resize(to: quiz.memoryBytes)
        return room
    }

    /// Sessions that name no owner share one limit only, that of all sessions.
    private func memory(_ bytes: Int, for owner: String, sessionID: String) throws -> Places.Place {
        try quizMemory.take(bytes, for: owner.isEmpty ? "session:\(sessionID)" : owner)
    }

    private func make(
        _ record: SessionRecord, _ quiz: Quiz, _ participants: [ParticipantRecord], _ answers: [AnswerRecord], _ memory: Places.Place
    ) -> SessionActor {
        let environment = SessionActor.Environment(
            io: io, store: store, clock: clock, configuration: configuration, counters: counters, logger: logger,
            nodes: nodes, runsNow: { [leases] in leases.isCertain(of: $0) },
            onStatus: { [weak self] in self?.note($0, $1) }, onRetired: { [weak self] in self?.release($0, isOver: $1) })
        return SessionActor(
            record: record, quiz: quiz, participants: participants, answers: answers, quizMemory: memory, environment: environment)
    }

    private func note(_ session: SessionActor, _ status: SessionStatus) {
        state.withLockedValue { state in
            guard case .live(let current, _) = state.slots[session.id], current === session else { return }
            state.set(.live(session, status), for: session.id)
        }
    }

    private func release(_ session: SessionActor, isOver: Bool) {
        let isGone = state.withLockedValue { state in
            guard case .live(let current, _) = state.slots[session.id], current === session else { return false }
            state.set(nil, for: session.id)
            return true
        }
        guard isGone else { return }
        leases.release(session.id)
        nodes?.retired(session.id, isOver: isOver)
    }

    private func requireRoom(_ state: State) throws {
        guard state.slots.count < configuration.maximumLoadedSessions else {
            throw ClassroomError(.unavailable, "Too many sessions are being played", retryAfterMs: 10_000)
        }
    }

    /// Sessions without an owner count only towards the total.
    private func requireRoom(_ state: State, for owner: String) throws {
        guard owner.isEmpty || (state.owned[owner] ?? 0) < configuration.maximumLoadedSessionsPerOwner else {
            throw ClassroomError(.unavailable, "Too many sessions of this owner are being played", retryAfterMs: 10_000)
        }
    }
}
