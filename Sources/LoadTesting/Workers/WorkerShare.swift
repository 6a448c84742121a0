/// The part of a run that one of several processes plays. Every process reads the whole script, and plays the users whose numbers are its own.
public struct WorkerShare: Sendable, Hashable, Codable {
    /// From 0.
    public let index: Int
    public let count: Int

    /// - Parameter index: below `count`.
    public init(index: Int, of count: Int) {
        precondition(count > 0 && (0..<count).contains(index), "a worker's number is below the number of workers")
        self.index = index
        self.count = count
    }

    /// The whole run, in one process.
    public static let whole = WorkerShare(index: 0, of: 1)

    /// One of the parts into which this one is divided.
    public func part(_ number: Int, of parts: Int) -> WorkerShare {
        WorkerShare(index: index * parts + number, of: count * parts)
    }

    /// This worker's part of a number of users. The parts of all workers add up to the number.
    func part(of total: Int) -> Int {
        // Products of a share and a limit of the script stay far below 2⁶³.
        total * (index + 1) / count - total * index / count
    }

    /// The number that this worker's n-th user has within the whole run. Workers never share a number.
    func user(_ local: Int) -> Int { local * count + index }

    /// Whether this worker plays the arrival with this number, counted over the whole run.
    func owns(arrival number: Int) -> Bool { number % count == index }

    /// The phases as this worker plays them: arrivals are chosen one by one, fixed numbers of users are divided.
    func phases(_ phases: [Phase]) -> [Phase] {
        guard count > 1 else { return phases }
        return phases.map { phase in
            var phase = phase
            if case .users(let from, let to) = phase.load { phase.load = .users(from: part(of: from), to: part(of: to)) }
            phase.maximumUsers = phase.maximumUsers.map { part(of: $0) }
            return phase
        }
    }
}
