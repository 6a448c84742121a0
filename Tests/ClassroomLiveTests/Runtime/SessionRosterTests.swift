import Testing

@testable import ClassroomLive

@Suite("The sockets of a session")
struct SessionRosterTests {
    private func socket(_ id: String) -> SessionSocket { SessionSocket(id: id, node: "node", sequence: 0) }

    @Test("a user plays besides a socket if another of their sockets plays")
    func besides() {
        var roster = SessionRoster()
        roster.seat(socket("phone"), "ann", as: .player)
        roster.seat(socket("laptop"), "ann", as: .observer)
        #expect(!roster.isPlaying("ann", besides: "phone"))
        #expect(roster.isPlaying("ann", besides: "laptop"))
        #expect(roster.isPlaying("ann", besides: nil))
        #expect(!roster.isPlaying("ben", besides: "phone"))
        roster.seat(socket("laptop"), "ann", as: .player)
        roster.seat(socket("laptop"), "ann", as: .player)
        #expect(roster.isPlaying("ann", besides: "phone"))
        _ = roster.remove("phone")
        #expect(!roster.isPlaying("ann", besides: "laptop"))
        #expect(roster.isPlaying("ann", besides: "phone"))
        _ = roster.remove("laptop")
        #expect(!roster.isPlaying("ann", besides: nil))
    }

    @Test("what goes to those who watch leaves out the sockets that play too, and no others")
    func playingWatchers() {
        var roster = SessionRoster()
        for number in 0..<100 {
            roster.seat(socket("s\(number)"), "ann", as: .player)
            if number % 2 == 0 { roster.seat(socket("s\(number)"), "ann", as: .observer) }
        }
        roster.seat(socket("watcher"), "ben", as: .observer)
        roster.seat(socket("host"), "host", as: .host)
        #expect(Set(roster.playingWatchers.map(\.id)) == Set((0..<50).map { "s\($0 * 2)" }))
    }
}
