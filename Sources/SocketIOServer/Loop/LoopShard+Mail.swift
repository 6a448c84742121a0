import DequeModule
import NIOCore

/// Broadcasts, and calls of other threads for the connections of this loop.
///
/// Mail is carried out in its order by one drain at a time. A handler that sends directly after it broadcast has its broadcasts delivered
/// first (``settleLocalMail()``); if that would run other code in the middle of the handler, its own sends become mail too.
extension LoopShard {
    /// Notes that this loop put an item into its own mailbox.
    func hasMailed(at position: UInt64) {
        lastLocalMail = position
        hasLocalMail = true
    }

    /// Delivers this loop's earlier broadcasts. Called before anything is sent directly, so that it stays behind them.
    ///
    /// - Returns: false if other work is before them in the mailbox; the caller must send by mail too then.
    @inline(__always)
    func settleLocalMail() -> Bool { hasLocalMail ? settle() : true }

    private func settle() -> Bool {
        assert(!isVisiting, "a broadcast's members are being visited")
        collectMail()
        while hasLocalMail, let letter = mail.first, letter.item.isDelivery { carryOut(mail.removeFirst()) }
        releaseMail()
        return !hasLocalMail
    }

    /// The loop's task that drains its mailbox. ``takeTurn()`` continues a drain whose turn is over.
    func drainMailbox() {
        if hasEnded { return drainAll() }
        if !isMailPaused { drain() }
    }

    /// Carries out mail for one turn. The rest follows in the next turn.
    func drain() {
        isMailPaused = false
        var budget = TurnBudget(maximumTurn)
        defer { releaseMail() }
        while let letter = nextMail() {
            carryOut(letter)
            budget.step()
            if !mail.isEmpty, budget.needsTime, budget.isSpent(at: clock()) {
                isMailPaused = true
                return scheduleTurn()
            }
        }
    }

    /// Carries out all mail at once: the server ends.
    func drainAll() {
        while let letter = nextMail() { carryOut(letter) }
        releaseMail()
    }

    /// Reports carried-out mail to the mailbox, once for many letters.
    private func releaseMail() {
        mailbox.release(items: unreleasedItems, bytes: unreleasedBytes)
        unreleasedItems = 0
        unreleasedBytes = 0
    }

    /// The client whose packets this loop is handling. Nil if there is none, or if it is unknown.
    var mailSender: MailShare? { carriedFor ?? takenFrom?.shareOfMail() }

    private func nextMail() -> LoopMailbox.Letter? {
        if mail.isEmpty { collectMail() }
        return mail.popFirst()
    }

    /// The memory of the array is used again, unless there was a lot of mail.
    private func collectMail() {
        mailbox.take(into: &takenMail)
        guard !takenMail.isEmpty else { return }
        mail.append(contentsOf: takenMail)
        takenMail.removeAll(keepingCapacity: takenMail.count <= LoopShard.usualMail)
    }

    private static let usualMail = 64

    private func carryOut(_ letter: LoopMailbox.Letter) {
        carriedOut += 1
        hasLocalMail = carriedOut < lastLocalMail
        unreleasedItems += 1
        unreleasedBytes += letter.byteCount
        defer { letter.sender?.carriedOut(letter.byteCount) }
        switch letter.item {
        case .broadcast(let broadcast): deliver(broadcast)
        case .change(let change):
            guard let members = namespace(change.namespace) else { break }
            if change.isDelivery { change.carryOut(on: members) } else { run(for: letter.sender) { change.carryOut(on: members) } }
        case .ask(let body, _): body(self)
        case .deliver(let socket, let packet): socket.value.deliver(packet)
        case .join(let socket, let room): socket.value.enter(room)
        case .leave(let socket, let room): socket.value.exit(room)
        case .perform(let body): run(for: letter.sender, body)
        }
    }

    /// Runs code of the application. Mail that this loop sent before stays behind that code's own sends.
    private func run(for sender: MailShare?, _ body: () -> Void) {
        hasLocalMail = false
        carriedFor = sender
        body()
        carriedFor = nil
        hasLocalMail = carriedOut < lastLocalMail
    }

    // MARK: Broadcasts

    /// Queues an event for its receivers. While they are visited nothing is flushed, closed or drained: a write may make the channel read,
    /// and a handler that ran then could change the rooms, broadcast, or close a connection in the middle.
    private func deliver(_ broadcast: Broadcast) {
        guard let members = namespace(broadcast.namespace) else { return }
        isVisiting = true
        members.visit(broadcast.options) { $0.receive(broadcast) }
        isVisiting = false
        guard !overdue.isEmpty else { return }
        let late = overdue
        overdue = []
        for connection in late { connection.flushOverdue() }
    }
}
