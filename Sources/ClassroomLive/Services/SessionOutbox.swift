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
        return items.compactMap { item in
            if case .end(let call) = item { call } else { nil }
        }
    }
}
