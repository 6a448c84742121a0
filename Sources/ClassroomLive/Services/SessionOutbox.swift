import Classroom
import DequeModule

/// Effects on their way out, in the order in which the session decided them. One that had to be stored first holds back what follows it.
struct SessionOutbox {
    enum Item {
        case perform(SessionEffect, SessionCall?)
        /// A write that what follows waits for.
        case await(Write)
        /// The end of one command's effects: who asked and got no answer gets an error.
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

    /// The store has done with a write.
    mutating func resolve(_ ticket: Int, _ result: Result<Bool, ClassroomError>) { results[ticket] = result }

    /// The next item to perform; nil if there is none, or if it waits for the store.
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

    /// Drops what is left of the command that is under way, up to and with its end.
    mutating func dropCommand() {
        while let item = items.popFirst() {
            if case .end = item { return }
        }
    }

    /// Drops everything; the calls that were waiting for an answer.
    mutating func dropAll() -> [SessionCall] {
        defer { items = [] }
        results = [:]
        return items.compactMap { item in
            if case .end(let call) = item { call } else { nil }
        }
    }
}
