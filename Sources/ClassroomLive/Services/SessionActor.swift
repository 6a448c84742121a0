import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer

/// One live session. Commands go to the rules, one at a time; the effects are performed here: the store, the rooms, the timers.
///
/// Whatever must be durable before it is known goes to the store at once and holds back what follows in the outbox, so that a burst of
/// joins or answers shares a commit and everybody still sees one order of events.
actor SessionActor {
    /// What the session needs of the rest of the server.
    struct Environment: Sendable {
        let io: SocketIO
        let store: any ClassroomStore
        let clock: any ClassroomClock
        let configuration: RuntimeConfiguration
        let counters: RuntimeCounters
        let logger: Logger
        /// The session changed its status, or leaves memory.
        let onStatus: @Sendable (SessionActor, SessionStatus) -> Void
        let onRetired: @Sendable (SessionActor) -> Void
    }

    /// What arrives from elsewhere than a request, in order.
    enum Message: Sendable {
        case answerStored(AnswerRecord, Result<AnswerOutcome, ClassroomError>)
        case written(ticket: Int, Result<Bool, ClassroomError>)
        case sessionWritten(Result<Bool, ClassroomError>)
        case participantWritten(String, Result<Bool, ClassroomError>)
        case answersRead([AnswerRecord]?)
        case fired(Timer)
    }

    enum Timer: Hashable, Sendable {
        /// The rules' own.
        case wake
        case leaderboard, progress, idle, retry
    }

    nonisolated let id: String
    /// Tells this session from one of the same id that was deleted or comes after it.
    nonisolated let createdAt: UnixMilliseconds
    nonisolated let quizID: String
    /// The owner's user id; empty: none.
    nonisolated let createdBy: String
    nonisolated let environment: Environment
    nonisolated private let inbox = NIOLockedValueBox<[Message]>([])
    nonisolated let rooms: SessionRooms

    var session: QuizSession
    var roster = SessionRoster()
    var outbox = SessionOutbox()
    /// Who waits for an answer to be stored.
    var waiting: [AnswerKey: [SessionCall]] = [:]
    var throttle = LeaderboardThrottle()
    /// The board that was captured and is sent next.
    var capturedBoard: LeaderboardPayload?
    /// The whole board as it was asked for last, and its JSON once that was asked for.
    var wholeBoard: (report: LeaderboardReport, document: ByteBuffer?)?
    var timers: [Timer: ScheduledWork] = [:]
    /// Participants, and whether the session itself, that the store has not taken yet.
    var unsavedParticipants: Set<String> = []
    var isSessionUnsaved = false
    /// The store failed with answers, and may have stored them all the same.
    var hasDoubtfulAnswers = false
    var isFinished = false
    var isRetired = false
    var isStopped = false
    private var isPumping = false

    init(
        record: SessionRecord, quiz: Quiz, participants: [ParticipantRecord], answers: [AnswerRecord], environment: Environment
    ) {
        id = record.id
        createdAt = record.createdAt
        quizID = record.quizID
        createdBy = record.createdBy
        self.environment = environment
        rooms = SessionRooms(io: environment.io, sessionID: record.id)
        session = QuizSession(
            record: record, quiz: quiz, participants: participants, answers: answers,
            limits: environment.configuration.sessionLimits)
    }

    var now: UnixMilliseconds { environment.clock.now }

    /// What the session's writes are meant for: this incarnation, in the epoch in which they were decided.
    var fence: SessionFence { SessionFence(session.record) }

    // MARK: Commands

    /// Applies a command and performs what follows from it, after `whenAccepted`. A refusal is the caller's.
    func apply(
        _ command: SessionCommand, at time: UnixMilliseconds? = nil, for call: SessionCall? = nil, whenAccepted: () -> Void = {}
    ) {
        guard !isRetired else {
            call?.fail(SessionRetired())
            return
        }
        if let call, outbox.count >= environment.configuration.maximumWaitingEffects {
            call.fail(ClassroomError(.unavailable, "The session waits for the database, please try again", retryAfterMs: 1_000))
            return
        }
        do {
            let before = session.phase.status
            let effects = try session.apply(command, at: time ?? now)
            whenAccepted()
            enqueue(effects, for: call)
            if session.phase.status != before { environment.onStatus(self, session.phase.status) }
        } catch {
            call?.fail(error)
        }
        pump()
    }

    /// Performs what may be performed, in order.
    func pump() {
        guard !isPumping, !isRetired else { return }
        isPumping = true
        while !isRetired, let (item, result) = outbox.next() {
            switch item {
            case .perform(let effect, let call): perform(effect, call)
            case .await(let write): settle(write, result ?? .success(true))
            case .end(let call): call?.fail(ClassroomError(.internalError, "The session has no answer"))
            }
        }
        isPumping = false
        considerIdling()
    }

    // MARK: Messages

    /// From any thread. What a burst posts is handled in one go.
    nonisolated func post(_ message: Message) {
        let isFirst = inbox.withLockedValue { messages in
            messages.append(message)
            return messages.count == 1
        }
        if isFirst { Task { await handleMessages() } }
    }

    private func handleMessages() {
        let messages = inbox.withLockedValue { messages in
            defer { messages = [] }
            return messages
        }
        for message in messages where !isRetired { handle(message) }
        pump()
    }

    private func handle(_ message: Message) {
        switch message {
        case .answerStored(let answer, let result): answerStored(answer, result)
        case .written(let ticket, let result): outbox.resolve(ticket, result)
        case .sessionWritten(let result): sessionWritten(result)
        case .participantWritten(let userID, let result): participantWritten(userID, result)
        case .answersRead(let answers): answersRead(answers)
        case .fired(let timer): fired(timer)
        }
    }

    // MARK: Timers

    func arm(_ timer: Timer, at time: UnixMilliseconds) {
        timers.removeValue(forKey: timer)?.cancel()
        guard !isStopped else { return }
        timers[timer] = environment.clock.schedule(at: time) { [weak self] in self?.post(.fired(timer)) }
    }

    private func fired(_ timer: Timer) {
        // One that was cancelled when it had begun already is told by its time; the others bear being early.
        timers[timer] = nil
        switch timer {
        case .wake:
            apply(.tick)
            if timers[.wake] == nil, let next = session.nextWake { arm(.wake, at: next) }
        case .leaderboard: act(on: throttle.fired(at: now))
        case .progress: rooms.emit(.progress(session.progress()), to: .host, roster)
        case .retry: storeAgain()
        case .idle: if isIdle { retire() }
        }
    }
}
