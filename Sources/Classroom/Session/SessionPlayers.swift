import BitCollections

/// A player, as the running session knows them.
struct SessionPlayer: Hashable, Sendable {
    var record: ParticipantRecord
    /// At least one socket is here now. Not persisted: after a restart everybody has to come back.
    var isConnected = false
    /// The sum of the revealed answers.
    var standing = Standing()
    /// Has a durable answer to the current question; self-paced: to every question.
    var isDone = false
    /// Joined before the current question opened.
    var wasHereAtOpening = false
    /// Gave an answer to any question.
    var hasAnswered = false

    /// Takes part: neither kicked nor gone.
    var isTakingPart: Bool { !record.kicked && !record.left }

    var isGuest: Bool { User.isGuest(record.userID) }

    /// True if a new player may have this seat, because nothing is lost with it. A player who was removed keeps the seat, and so stays out.
    var isReplaceable: Bool { isGuest && !isConnected && !hasAnswered && !record.kicked }

    func place(at position: Int) -> BoardPlace { BoardPlace(record, standing, position: position) }
}

/// All who ever joined one session, and everything that is counted about them. The counts are kept up with every change, so that a join, a
/// rejoin or an answer costs the same in a class of ten thousand as in one of ten.
struct SessionPlayers: Sendable {
    /// In the order of joining.
    private var list: [SessionPlayer] = []
    /// Each user's position in the list.
    private var positions: [String: Int] = [:]
    private var standings = StandingIndex()
    /// The positions of those on the board who are not connected.
    private var absentees = BitSet()
    /// The positions of those whose seat somebody new may have.
    private var replaceable = BitSet()

    private(set) var kicked = 0
    /// Guests, including those who were removed or left.
    private(set) var guests = 0
    /// Taking part, and done with the current question (self-paced: with all).
    private(set) var done = 0
    /// Taking part, and connected or done.
    private(set) var present = 0
    /// Connected, and here since the current question opened: an auto-advancing session waits for them.
    private(set) var awaited = 0
    private(set) var awaitedAndDone = 0
    /// Walks through the whole class so far; for tests.
    private(set) var walks = 0

    /// Everybody, in the order of joining. Looking at all of them is a walk through the class: see ``all()``.
    var inOrder: [SessionPlayer] {
        BoardWork.passed(list.count)
        return list
    }

    var count: Int { list.count }

    /// Players who were not removed, connected or not.
    var onBoard: Int { count - kicked }

    subscript(userID: String) -> SessionPlayer? { positions[userID].map { list[$0] } }

    /// ``inOrder``, for steps that run once per question and not once per player: tests count the walks.
    mutating func all() -> [SessionPlayer] {
        walks += 1
        return inOrder
    }

    /// Players who were not kicked and are ahead of this standing.
    func countAhead(of standing: Standing) -> Int { standings.countAhead(of: standing) }

    /// The first so many of those on the board, best first. Looks only at them.
    func best(_ limit: Int) -> [(record: ParticipantRecord, standing: Standing)] {
        standings.first(limit).map { (list[$0].record, list[$0].standing) }
    }

    /// The first so many of those on the board who are not connected, in the order of joining. Looks only at those who are absent.
    func absent(limit: Int) -> [String] { absentees.prefix(limit).map { list[$0].record.userID } }

    /// Adds a player, or replaces their state.
    mutating func put(_ player: SessionPlayer) {
        let position: Int
        if let known = positions[player.record.userID] {
            position = known
            replace(position, with: player)
        } else {
            position = list.count
            positions[player.record.userID] = position
            list.append(player)
            if !player.record.kicked { standings.insert(player.place(at: position)) }
            if player.isGuest { guests += 1 }
        }
        count(player, by: 1)
        note(player, at: position)
    }

    /// The first whose seat somebody new may have, in the order of joining.
    var firstReplaceable: SessionPlayer? { replaceable.first.map { list[$0] } }

    /// Gives the seat of a forgotten player to a new one.
    mutating func put(_ player: SessionPlayer, inPlaceOf other: SessionPlayer) {
        guard let position = positions.removeValue(forKey: other.record.userID) else { return put(player) }
        positions[player.record.userID] = position
        replace(position, with: player)
        if other.isGuest { guests -= 1 }
        if player.isGuest { guests += 1 }
        count(player, by: 1)
        note(player, at: position)
    }

    private mutating func note(_ player: SessionPlayer, at position: Int) {
        absentees[member: position] = !player.record.kicked && !player.isConnected
        replaceable[member: position] = player.isReplaceable
    }

    private mutating func replace(_ position: Int, with player: SessionPlayer) {
        let known = list[position]
        list[position] = player
        count(known, by: -1)
        let (before, after) = (known.place(at: position), player.place(at: position))
        let moves = !before.isSame(as: after)
        if !known.record.kicked, player.record.kicked || moves { standings.remove(before) }
        if !player.record.kicked, known.record.kicked || moves { standings.insert(after) }
    }

    private mutating func count(_ player: SessionPlayer, by change: Int) {
        if player.record.kicked { kicked += change }
        guard player.isTakingPart else { return }
        if player.isDone { done += change }
        if player.isDone || player.isConnected { present += change }
        guard player.isConnected, player.wasHereAtOpening else { return }
        awaited += change
        if player.isDone { awaitedAndDone += change }
    }
}
