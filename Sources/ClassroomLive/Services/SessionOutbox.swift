import Classroom
import DequeModule

/// Effects that wait to be performed, in the order in which the session decided them. One that must be stored first holds back those behind
/// it.
struct SessionOutbox {
    enum Item {
        case perform(SessionEffect, SessionCall?)
        /// A write that the items behind it wait for.
        case await(Write)
        /// The end of one command's effects. A caller who has no answer by then gets an error.
        case end(SessionCall?)
    }

    struct Write {
        let ticket: Int
        let subject: Subject
        let call: SessionCall?
    }

    enum Subject {
        case session
        case participant(String)
    }

    private var items: Deque<Item> = []
    private var results: [Int: Result<Bool, ClassroomError>] = [:]
    private var nextTicket = 0
    /// The ticket of the first item if its write has failed and is not under way again.
    private var failed: Int?

    /// Whether the items wait for a write that has failed.
    var isHeldUp: Bool { failed != nil }
    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }

    mutating func append(_ item: Item) { items.append(item) }

    mutating func ticket() -> Int {
        nextTicket += 1
        return nextTicket
    }

    /// Ends a write.
    mutating func resolve(_ ticket: Int, _ result: Result<Bool, ClassroomError>) { results[ticket] = result }

    /// The next item to perform. Nil if there is none, or if it waits for the store.
    mutating func next() -> (item: Item, result: Result<Bool, ClassroomError>?)? {
        guard let item = items.first else { return nil }
        if case .await(let write) = item {
            guard let result = results.removeValue(forKey: write.ticket) else { return nil }
            items.removeFirst()
            return (item, result)
        }
        items.removeFirst()
        return (item, nil)
    }

    /// Puts a write that has failed back to the front: the items behind it go on waiting. Returns the calls among them.
    mutating func putBack(_ write: Write) -> [SessionCall] {
        items.prepend(.await(write))
        failed = write.ticket
        return calls
    }

    /// The ticket of the write that was put back, to be carried out again.
    mutating func takeFailed() -> Int? {
        defer { failed = nil }
        return failed
    }

    private var calls: [SessionCall] {
        items.compactMap { item in
            if case .end(let call) = item { call } else { nil }
        }
    }

    /// Drops the remaining items of the current command, its end included.
    mutating func dropCommand() {
        while let item = items.popFirst() {
            if case .end = item { return }
        }
    }

    /// Drops everything. Returns the calls that wait for an answer.
    mutating func dropAll() -> [SessionCall] {
        defer { items = [] }
        results = [:]
        failed = nil
        return calls
    }
}
