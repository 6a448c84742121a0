/// A machine's message to the coordinator of a run.
enum MachineReport: Sendable, Codable {
    /// It offers to play.
    case volunteer(name: String, version: String)
    /// A sign of life, once per second.
    case alive
    /// A message of one of its workers. The number counts workers over the whole run.
    case told(worker: Int, WorkerMessage)
    case ended(worker: Int, reason: String)
    /// It has left: its workers, if it had any, have ended.
    case left
}

/// An order to all machines of a run.
enum MachineOrder: Sendable, Codable {
    case begin(MachineBegin)
    /// No user begins any more, and all users end.
    case stop
}

struct MachineBegin: Sendable, Codable {
    /// Identifiers of the machines that play, in the order of their shares. Others go back to waiting.
    var machines: [String]
    /// The number of shares: those of `machines`, and one more if the coordinating machine plays too.
    var shares: Int
    /// Processes per machine.
    var workers: Int
    /// The beginning, in microseconds since 1970 by Redis's clock.
    var startMicroseconds: Int64
}

/// The machines that have come, and which of them are silent. A value; time is a parameter.
struct MachineRoster: Sendable {
    struct Machine: Sendable, Equatable {
        let id: String
        var name: String
        var heardAt: Duration
        var isLost = false
    }

    enum Choice: Sendable, Equatable {
        case wait(have: Int)
        /// - Parameter joins: whether the coordinating machine plays a share itself.
        case begin([Machine], joins: Bool)
    }

    struct Patience: Sendable {
        /// A volunteer that is silent for this long does not count.
        var volunteer = Duration.seconds(5)
        /// If one machine is missing for this long, the coordinating machine takes its place.
        var join = Duration.seconds(5)
        /// A playing machine that is silent for this long is lost.
        var player = Duration.seconds(10)
        /// If too few machines have come after this time, there is no run.
        var gathering = Duration.seconds(300)
    }

    let patience: Patience
    let wanted: Int
    let version: String
    private var volunteers: [Machine] = []
    private(set) var players: [Machine] = []
    /// The time since which exactly one machine is missing.
    private var almostSince: Duration?

    init(wanted: Int, version: String, patience: Patience = Patience()) {
        self.patience = patience
        self.wanted = wanted
        self.version = version
    }

    /// - Returns: why a volunteer cannot play, nil if it can.
    mutating func volunteered(_ id: String, name: String, version: String, at now: Duration) -> String? {
        guard version == self.version else {
            return "'\(name)' has version \(version), this is \(self.version): it cannot take part"
        }
        volunteers.removeAll { $0.id == id }
        volunteers.append(Machine(id: id, name: name, heardAt: now))
        return nil
    }

    mutating func heard(_ id: String, at now: Duration) {
        if let index = volunteers.firstIndex(where: { $0.id == id }) { volunteers[index].heardAt = now }
        if let index = players.firstIndex(where: { $0.id == id }) { players[index].heardAt = now }
    }

    mutating func left(_ id: String) { volunteers.removeAll { $0.id == id } }

    /// Whether enough machines are there. Once it answers `begin`, they are the players.
    mutating func choose(at now: Duration) -> Choice {
        let present = volunteers.filter { now - $0.heardAt < patience.volunteer }
        if present.count >= wanted { return begin(Array(present.prefix(wanted)), joins: false, now) }
        guard present.count == wanted - 1 else {
            almostSince = nil
            return .wait(have: present.count)
        }
        let since = almostSince ?? now
        almostSince = since
        return now - since >= patience.join ? begin(present, joins: true, now) : .wait(have: present.count)
    }

    private mutating func begin(_ machines: [Machine], joins: Bool, _ now: Duration) -> Choice {
        players = machines
        for index in players.indices { players[index].heardAt = now }
        return .begin(machines, joins: joins)
    }

    /// Players that have just become silent for too long, by their share.
    mutating func newlyLost(at now: Duration) -> [(share: Int, name: String)] {
        var lost: [(share: Int, name: String)] = []
        for (share, machine) in players.enumerated() where !machine.isLost && now - machine.heardAt >= patience.player {
            players[share].isLost = true
            lost.append((share, machine.name))
        }
        return lost
    }
}
