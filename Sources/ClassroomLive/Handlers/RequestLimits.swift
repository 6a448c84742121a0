import Classroom
import NIOConcurrencyHelpers

/// Rate limits: for each user over all sockets, and for guesses. Thread-safe.
final class RequestLimits: Sendable {
    /// A kind of request with a limit of its own.
    enum Kind: CaseIterable {
        case answer, chat, chatJoin, join, observe, signIn, creation, other

        /// Its name in the message of a refusal.
        fileprivate var plural: String {
            switch self {
            case .answer: "answers"
            case .chat: "messages"
            case .chatJoin: "chat joins"
            case .join: "joins"
            case .observe: "observations"
            case .signIn: "sign-ins"
            case .creation: "sessions"
            case .other: "requests"
            }
        }
    }

    private struct State {
        var users: [Kind: RateLimiter<String>]
        var codes: GuessLimiter
        var tokens: GuessLimiter
        var longTokens: GuessLimiter
        var guests: RateLimiter<String>
        var guestChatByGuest: RateLimiter<String>
        var guestChatByRoom: RateLimiter<String>
        var guestChat: TokenBucket
        var api: RateLimiter<String>
    }

    private let state: NIOLockedValueBox<State>
    private let guestChatRule: TokenBucket.Rule
    private let socketRules: [Kind: TokenBucket.Rule]

    init(_ configuration: RuntimeConfiguration) {
        let rules: [Kind: TokenBucket.Rule] = [
            .answer: configuration.answerRate, .chat: configuration.chatRate, .join: configuration.joinRate,
            .chatJoin: configuration.joinRate, .observe: configuration.joinRate, .creation: configuration.creationRate,
            .other: configuration.requestRate,
        ]
        guestChatRule = configuration.guestChatRate
        socketRules = [
            .join: configuration.joinRateOfSocket, .observe: configuration.joinRateOfSocket,
            .chatJoin: configuration.chatJoinRateOfSocket, .signIn: configuration.signInRateOfSocket,
            .other: configuration.requestRateOfSocket,
        ]
        state = NIOLockedValueBox(
            State(
                users: rules.mapValues { RateLimiter(rule: $0) },
                codes: GuessLimiter(
                    socketRule: configuration.failedLookupRate, addressRule: configuration.failedLookupRateOfAddress),
                tokens: GuessLimiter(
                    socketRule: configuration.failedSignInRate, addressRule: configuration.failedSignInRateOfAddress),
                longTokens: GuessLimiter(
                    socketRule: configuration.failedSignInRate, addressRule: configuration.failedLongTokenRateOfAddress),
                guests: RateLimiter(rule: configuration.guestRateOfAddress, maximumKeys: 10_000),
                guestChatByGuest: RateLimiter(rule: configuration.guestChatRateOfGuest),
                guestChatByRoom: RateLimiter(rule: configuration.guestChatRateOfRoom, maximumKeys: 10_000),
                guestChat: TokenBucket(rule: configuration.guestChatRate, at: 0),
                api: RateLimiter(rule: configuration.apiRate)))
    }

    // MARK: Requests

    /// Charges a request to its user. Returns the refusal if the limit is exceeded.
    ///
    /// - Parameter count: more than one for a request that costs as much as several.
    func take(_ kind: Kind, count: Int = 1, userID: String, at now: UnixMilliseconds) -> ClassroomError? {
        let wait = state.withLockedValue { $0.users[kind]?.take(userID, count: count, at: now) ?? nil }
        return wait.map { Self.refusal(of: kind, $0) }
    }

    /// Charges what a request has cost beyond what was taken for it. It was carried out: the user owes what is not there.
    func charge(_ kind: Kind, count: Int, userID: String, at now: UnixMilliseconds) {
        state.withLockedValue { state in
            guard count > 0 else { return }
            state.users[kind]?.charge(userID, count: count, at: now)
        }
    }

    /// The error for a request beyond a rate limit.
    static func refusal(of kind: Kind, _ waitMs: Int) -> ClassroomError { refusal("Too many \(kind.plural)", waitMs) }

    /// Charges a request to the buckets of its socket before any of it is read.
    func take(_ kind: Kind, from buckets: inout [Kind: TokenBucket], at now: UnixMilliseconds) -> ClassroomError? {
        guard let rule = socketRules[kind] else { return nil }
        let wait = buckets[kind, default: TokenBucket(rule: rule, at: now)].take(rule, at: now)
        return wait.map { Self.refusal("Too many \(kind.plural)", $0) }
    }

    /// Charges a request of the HTTP API to its user.
    func takeFromAPI(userID: String, at now: UnixMilliseconds) -> ClassroomError? {
        state.withLockedValue { $0.api.take(userID, at: now) }.map { Self.refusal("Too many requests", $0) }
    }

    // MARK: Guests

    /// Charges a new guest to the address.
    func takeGuest(address: String, at now: UnixMilliseconds) -> ClassroomError? {
        state.withLockedValue { $0.guests.take(address, at: now) }.map(Self.refusalOfGuest)
    }

    static func refusalOfGuest(_ waitMs: Int) -> ClassroomError { refusal("Too many guests", waitMs) }

    /// Charges a guest's message to the share of all guests in the room, and on the server. A new guest costs nothing, so a limit per guest would not hold.
    /// Each guest has a part of that share, so that a burst of one guest leaves the others theirs. A refused message takes nothing.
    func takeGuestChat(userID: String, roomID: String, at now: UnixMilliseconds) -> ClassroomError? {
        let rule = guestChatRule
        let wait = state.withLockedValue { state -> Int? in
            let waits = [
                state.guestChatByGuest.wait(for: userID, at: now), state.guestChatByRoom.wait(for: roomID, at: now),
                state.guestChat.wait(rule, at: now),
            ]
            if let longest = waits.compactMap(\.self).max() { return longest }
            _ = state.guestChatByGuest.take(userID, at: now)
            _ = state.guestChatByRoom.take(roomID, at: now)
            _ = state.guestChat.take(rule, at: now)
            return nil
        }
        return wait.map { Self.refusal("Too many messages of guests", $0) }
    }

    // MARK: Guesses

    /// A secret that somebody may try to guess.
    enum Guess {
        case joinCode(String)
        case token(String)
    }

    /// True if this client has made too many failed guesses. Ask before each look-up.
    func refusal(of guess: Guess, socketID: String?, address: String, at now: UnixMilliseconds) -> ClassroomError? {
        switch guess {
        case .joinCode(let code):
            state.withLockedValue { $0.codes.wait(code, socketID: socketID, address: address, at: now) }
                .map { Self.refusal("Too many wrong join codes", $0) }
        case .token(let token):
            state.withLockedValue {
                Self.isLong(token)
                    ? $0.longTokens.wait(token, socketID: socketID, address: address, at: now)
                    : $0.tokens.wait(token, socketID: socketID, address: address, at: now)
            }
            .map { Self.refusal("Too many wrong tokens", $0) }
        }
    }

    /// Records the result of a look-up.
    func guessed(_ guess: Guess, isRight: Bool, socketID: String?, address: String, at now: UnixMilliseconds) {
        state.withLockedValue { state in
            switch (guess, isRight) {
            case (.joinCode(let code), true): state.codes.succeeded(code, address: address)
            case (.joinCode(let code), false): state.codes.failed(code, socketID: socketID, address: address, at: now)
            case (.token(let token), true) where Self.isLong(token): state.longTokens.succeeded(token, address: address)
            case (.token(let token), false) where Self.isLong(token):
                state.longTokens.failed(token, socketID: socketID, address: address, at: now)
            case (.token(let token), true): state.tokens.succeeded(token, address: address)
            case (.token(let token), false): state.tokens.failed(token, socketID: socketID, address: address, at: now)
            }
        }
    }

    /// All servers together have seen too many failed guesses of an address.
    func hold(_ guess: Guess, address: String, for milliseconds: Int, at now: UnixMilliseconds) {
        state.withLockedValue { state in
            switch guess {
            case .joinCode: state.codes.hold(address, for: milliseconds, at: now)
            case .token(let token) where Self.isLong(token): state.longTokens.hold(address, for: milliseconds, at: now)
            case .token: state.tokens.hold(address, for: milliseconds, at: now)
            }
        }
    }

    /// The bucket of an address's failed guesses that all servers share. An account is an address of its own, with the allowance of a socket.
    static func sharedBucket(
        of guess: Guess, address: String, isAccount: Bool, _ configuration: RuntimeConfiguration
    ) -> SharedBucket {
        switch guess {
        case .joinCode:
            SharedBucket(
                name: "codes:\(address)", rule: isAccount ? configuration.failedLookupRate : configuration.failedLookupRateOfAddress)
        case .token(let token) where isLong(token):
            SharedBucket(name: "longtokens:\(address)", rule: configuration.failedLongTokenRateOfAddress)
        case .token: SharedBucket(name: "tokens:\(address)", rule: configuration.failedSignInRateOfAddress)
        }
    }

    /// Tokens of this length cannot be guessed, and this program makes longer ones. Failed guesses of short tokens must not lock out their
    /// holders.
    private static func isLong(_ token: String) -> Bool { token.utf8.count >= longTokenBytes }

    private static let longTokenBytes = 40

    private static func refusal(_ what: String, _ retryAfterMs: Int) -> ClassroomError {
        ClassroomError(.rateLimited, "\(what): rate limit exceeded", retryAfterMs: retryAfterMs)
    }
}
