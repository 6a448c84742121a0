import Classroom
import ClassroomStore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import SocketIOServer

/// One live session. It passes commands to the rules, one at a time, and performs their effects: writes, events, timers.
///
/// A change that must be durable before clients hear of it goes to the store at once, and holds back the later items of the outbox. So a
/// burst of joins or answers shares one commit, and all clients see one order of events.
actor SessionActor {
    /// The parts of the server that a session uses.
    struct Environment: Sendable {
        let io: SocketIO
        let store: any ClassroomStore
        let clock: any ClassroomClock
        let configuration: RuntimeConfiguration
        let counters: RuntimeCounters
        let logger: Logger
        /// The other servers that sockets of a session may be connected to. Nil if there are none.
        let nodes: NodeExchange?
        /// Whether this server certainly holds the lease of a session.
        let runsNow: @Sendable (String) -> Bool
        /// Called when the session's status changes, or when it leaves memory, ended or not.
        let onStatus: @Sendable (SessionActor, SessionStatus) -> Void
        let onRetired: @Sendable (SessionActor, _ isOver: Bool) -> Void
    }

    /// Inputs that are no requests, in order.
    enum Message: Sendable {
        case answerStored(AnswerRecord, Result<AnswerOutcome, ClassroomError>)
        case written(ticket: Int, Result<Bool, ClassroomError>)
        case sessionWritten(Result<Bool, ClassroomError>)
        case participantWritten(String, Result<Bool, ClassroomError>)
        case answersRead([AnswerRecord]?)
        case fired(Timer)
    }

    enum Timer: Hashable, Sendable {
        /// A timer of the rules.
        case wake
        case leaderboard, progress, idle, retry
    }

    nonisolated let id: String
    /// Distinguishes this session from an earlier or later one of the same id.
    nonisolated let createdAt: UnixMilliseconds
    nonisolated let quizID: String
    /// The owner's user id. Empty if there is no owner.
    nonisolated let createdBy: String
    nonisolated let environment: Environment
    nonisolated private let inbox = NIOLockedValueBox<[Message]>([])
    nonisolated let rooms: SessionRooms

    var session: QuizSession
    /// What the quiz takes; nil: the session has left memory.
    var quizMemory: Places.Place?
    var roster = SessionRoster()
    var outbox = SessionOutbox()
    /// The calls that wait until an answer is stored.
    var waiting: [AnswerKey: [SessionCall]] = [:]
    var throttle = LeaderboardThrottle()
    /// The board to send next.
    var capturedBoard: LeaderboardPayload?
    /// The whole board of the last request with the time at which it was made, and its JSON once somebody has asked for it.
    var wholeBoard: (report: LeaderboardReport, madeAt: UnixMilliseconds, document: ByteBuffer?)?
    /// The version of the final board that other nodes have.
    var keptVersion: Int?
    var timers: [Timer: ScheduledWork] = [:]
    /// Rows that could not be stored yet: participants, and the session's own.
    var unsavedParticipants: Set<String> = []
    var isSessionUnsaved = false
    /// The row has the settings as this session plays them: the first update wrote them, in place of what could not be read in a row written by
    /// hand. Later updates leave them out.
    var hasStoredSettings = false
    /// Answers whose write failed, and that may have been stored all the same.
    var hasDoubtfulAnswers = false
    var isFinished = false
    var isRetired = false
    var isStopped = false
    /// How often in a row another node's count of its sockets differed from the roster's.
    var mismatches: [String: Int] = [:]
    private var isPumping = false

    init(
        record: SessionRecord, quiz: Quiz, participants: [ParticipantRecord], answers: [AnswerRecord], quizMemory: Places.Place,
        environment: Environment
    ) {
        self.quizMemory = quizMemory
        id = record.id
        createdAt = record.createdAt
        quizID = record.quizID
        createdBy = record.createdBy
        self.environment = environment
        rooms = SessionRooms(
            io: environment.io, nodes: environment.nodes,
            stage: SessionStage(sessionID: record.id, createdAt: record.createdAt, epoch: record.epoch))
        session = QuizSession(
            record: record, quiz: quiz, participants: participants, answers: answers,
            limits: environment.configuration.sessionLimits)
    }

    var now: UnixMilliseconds { environment.clock.now }

    /// The fence of the session's writes: this incarnation, in the current epoch.
    var fence: SessionFence { SessionFence(session.record) }

    // MARK: Commands

    /// Applies a command, calls `whenAccepted`, and performs the effects. Throws the rules' refusal.
    func apply(
        _ command: SessionCommand, at time: UnixMilliseconds? = nil, for call: SessionCall? = nil, whenAccepted: () -> Void = {}
    ) {
        guard !isRetired else {
            call?.fail(SessionRetired())
            return
        }
        if let call, outbox.isHeldUp || outbox.count >= environment.configuration.maximumWaitingEffects {
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

    /// Performs the items of the outbox that need not wait, in order.
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

    /// May be called from any thread. Inputs of a burst are handled together.
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
        // A timer may fire although it was cancelled: its time shows that. For the other timers firing early does no harm.
        timers[timer] = nil
        switch timer {
        case .wake:
            apply(.tick)
            if timers[.wake] == nil, let next = session.nextWake { arm(.wake, at: next) }
        case .leaderboard: act(on: throttle.fired(at: now))
        case .progress: if environment.runsNow(id) { rooms.emit(.progress(session.progress()), to: .host, roster) }
        case .retry: storeAgain()
        case .idle: if isIdle { retire() }
        }
    }
}
