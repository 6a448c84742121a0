/// Joining, coming and going, leaving, being removed.
extension QuizSession {
    mutating func join(
        _ userID: String, _ name: String, _ isNickname: Bool, _ device: String?, _ now: UnixMilliseconds,
        _ effects: inout [SessionEffect]
    ) throws(ClassroomError) {
        if let player = players[userID] {
            guard !player.record.kicked else { throw QuizSession.removed }
            rejoin(player, device, now, &effects)
            return
        }
        let given = try admission(device, isGuest: User.isGuest(userID))
        let nickname = isNickname ? try free(Nickname(name)) : numbered(Nickname.account(name))
        var participant = ParticipantRecord(sessionID: record.id, userID: userID, username: nickname.display, joinedAt: now, device: device)
        if isSelfPaced, phase == .open { participant.questionSentAt = now }
        let player = SessionPlayer(
            record: participant, isConnected: true, isDone: isDone(userID), wasHereAtOpening: wasHereAtOpening(participant))
        if let given {
            players.put(player, inPlaceOf: given)
            forget(given, &effects)
        } else {
            players.put(player)
        }
        names[nickname.folded] = userID
        if sheets[userID] != nil {
            // Rows that somebody wrote by hand.
            recomputeStanding(of: userID)
            closedReveal = nil
        }
        effects.append(.persistParticipant(participant))
        effects.append(.reply(.joined(playerSnapshot(for: players[userID] ?? player, at: now))))
        if participant.questionSentAt != nil { emitOwnQuestion(userID, now, &effects) }
        effects.append(.leaderboardChanged(final: false))
        effects.append(.progressChanged)
    }

    /// Throws the reason if nobody new could join now under this chosen name. Changes nothing and copies nothing.
    public func requireMayJoin(nickname: String, device: String? = nil) throws(ClassroomError) {
        _ = try admission(device, isGuest: true)
        _ = try free(Nickname(nickname))
    }

    /// Checks that a new player may come in.
    /// - Returns: the player whose seat they get; nil for a free seat.
    private func admission(_ device: String?, isGuest: Bool) throws(ClassroomError) -> SessionPlayer? {
        try requireNotEnded()
        // The browser is the same, also under another name or with another account.
        if let device, removedDevices.contains(device) { throw QuizSession.removed }
        guard !record.isLocked else { throw ClassroomError(.closed, "The host has locked this session: nobody new may join") }
        guard phase == .waiting || record.settings.lateJoin else {
            throw ClassroomError(.closed, "The session has started and accepts no late joiners")
        }
        let isFull = players.count >= limits.maximumParticipants
        guard isFull || isGuest && players.guests >= limits.maximumGuests else { return nil }
        if let replaceable = players.firstReplaceable { return replaceable }
        throw ClassroomError(.conflict, isFull ? "The session is full" : "The session is full, but for those with an account")
    }

    /// Forgets a player whose seat somebody else has now. If they come back, they join anew.
    private mutating func forget(_ player: SessionPlayer, _ effects: inout [SessionEffect]) {
        let folded = Nickname.fold(player.record.username)
        if names[folded] == player.record.userID { names[folded] = nil }
        closedReveal = nil
        effects.append(.forgetParticipant(player.record))
        // The board has changed, although it has as many players as before.
        record.version += 1
        effects.append(.persistSession(record))
    }

    private mutating func rejoin(
        _ known: SessionPlayer, _ device: String?, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) {
        var player = known
        let needsQuestion = isSelfPaced && phase == .open && player.record.questionSentAt == nil
        player.isConnected = true
        player.record.left = false
        if let device { player.record.device = device }
        if needsQuestion { player.record.questionSentAt = now }
        players.put(player)
        if player.record != known.record { effects.append(.persistParticipant(player.record)) }
        effects.append(.reply(.joined(playerSnapshot(for: player, at: now))))
        if needsQuestion { emitOwnQuestion(player.record.userID, now, &effects) }
        if player != known { effects.append(.progressChanged) }
    }

    mutating func setPresence(_ userID: String, _ connected: Bool, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        guard var player = players[userID], player.isTakingPart, player.isConnected != connected else { return }
        player.isConnected = connected
        players.put(player)
        if connected, isSelfPaced, phase == .open, player.record.questionSentAt == nil {
            sendOwnQuestion(userID, isNew: true, now, &effects)
        }
        effects.append(.progressChanged)
        if !connected { closeIfAllAnswered(now, &effects) }
    }

    mutating func leave(_ userID: String, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]) {
        effects.append(.reply(.left(SessionLeft(sessionId: record.id))))
        guard var player = players[userID], player.isTakingPart else { return }
        player.record.left = true
        player.isConnected = false
        players.put(player)
        effects.append(.persistParticipant(player.record))
        effects.append(.progressChanged)
        closeIfAllAnswered(now, &effects)
    }

    mutating func kick(
        _ userID: String, _ by: String, _ seen: String?, _ now: UnixMilliseconds, _ effects: inout [SessionEffect]
    ) throws(ClassroomError) {
        try requireHost(by)
        try requireCurrent(seen)
        guard var player = players[userID] else { throw ClassroomError(.notFound, "Player not found") }
        let event = SessionEvent.kicked(SessionKicked(sessionId: record.id, userId: userID))
        guard !player.record.kicked else {
            effects.append(.reply(event))
            return
        }
        closedReveal = nil
        player.record.kicked = true
        if let device = player.record.device { removedDevices.insert(device) }
        player.isConnected = false
        players.put(player)
        effects.append(.persistParticipant(player.record))
        effects.append(.reply(event))
        effects.append(.emit(event, to: .user(userID)))
        effects.append(.removeUser(userID))
        effects.append(.leaderboardChanged(final: phase == .ended))
        effects.append(.progressChanged)
        closeIfAllAnswered(now, &effects)
    }

    static let removed = ClassroomError(.forbidden, "You were removed from this session")

    /// A chosen name must be free.
    private func free(_ nickname: Nickname) throws(ClassroomError) -> Nickname {
        guard names[nickname.folded] == nil else { throw ClassroomError(.conflict, "This name is taken in this session") }
        return nickname
    }

    /// Two accounts may bear the same name: the second one gets a number, since its owner can't choose.
    private mutating func numbered(_ nickname: Nickname) -> Nickname {
        guard names[nickname.folded] != nil else { return nickname }
        // Continues where the last search ended: all numbers before are taken, and a name is never given back. Names that are cut to the same beginning
        // share the search.
        let key = nickname.numberingKey
        var number = nextNumbers[key] ?? 2
        while true {
            let candidate = nickname.numbered(number)
            number += 1
            guard names[candidate.folded] == nil else { continue }
            nextNumbers[key] = number
            return candidate
        }
    }
}
