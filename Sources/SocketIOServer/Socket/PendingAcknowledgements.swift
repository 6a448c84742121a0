import SocketIOCore

/// Acknowledgements that a client owes, by the id it was given.
struct PendingAcknowledgements {
    private var next: UInt64 = 0
    private var waiting: [UInt64: (Arguments?) -> Void] = [:]

    var count: Int { waiting.count }

    mutating func add(_ completion: @escaping (Arguments?) -> Void) -> UInt64 {
        defer { next += 1 }
        waiting[next] = completion
        return next
    }

    mutating func take(_ id: UInt64) -> ((Arguments?) -> Void)? { waiting.removeValue(forKey: id) }

    mutating func takeAll() -> [(Arguments?) -> Void] {
        defer { waiting = [:] }
        return Array(waiting.values)
    }
}
