/// All who ever joined one session, and everything that is counted about them. The counts are kept up with every change, so that a join, a
/// rejoin or an answer costs the same in a class of ten thousand as in one of ten.
struct SessionPlayers: Sendable {
    private var byUser: [String: SessionPlayer] = [:]
    /// User ids in the order of joining.
    private var order: [String] = []
    private var standings = StandingIndex()

    /// Neither kicked nor gone.
    private(set) var takingPart = 0
    private(set) var kicked = 0
    /// Taking part, and done with the current question (self-paced: with all).
    private(set) var done = 0
    /// Taking part, and connected or done.
    private(set) var present = 0
    /// Connected, and here since the current question opened: an auto-advancing session waits for them.
    private(set) var awaited = 0
    private(set) var awaitedAndDone = 0
    /// Walks through the whole class so far; for tests.
    private(set) var walks = 0

    var count: Int { byUser.count }

    subscript(userID: String) -> SessionPlayer? { byUser[userID] }

    /// In the order of joining. A walk through the whole class: for what happens once a question, not once a player.
    mutating func all() -> [SessionPlayer] {
        walks += 1
        return inOrder
    }

    /// ``all()`` for those who only look.
    var inOrder: [SessionPlayer] { order.compactMap { byUser[$0] } }

    /// Players who were not kicked and are ahead of this standing.
    func countAhead(of standing: Standing) -> Int { standings.countAhead(of: standing) }

    /// Takes somebody in, or replaces what is known of them.
    mutating func put(_ player: SessionPlayer) {
        let userID = player.record.userID
        if let known = byUser.updateValue(player, forKey: userID) {
            count(known, by: -1)
            if !known.record.kicked, player.record.kicked || known.standing != player.standing { standings.remove(known.standing) }
            if !player.record.kicked, known.record.kicked || known.standing != player.standing { standings.insert(player.standing) }
        } else {
            order.append(userID)
            if !player.record.kicked { standings.insert(player.standing) }
        }
        count(player, by: 1)
    }

    private mutating func count(_ player: SessionPlayer, by change: Int) {
        if player.record.kicked { kicked += change }
        guard player.isTakingPart else { return }
        takingPart += change
        if player.isDone { done += change }
        if player.isDone || player.isConnected { present += change }
        guard player.isConnected, player.wasHereAtOpening else { return }
        awaited += change
        if player.isDone { awaitedAndDone += change }
    }
}
