import Classroom
import Hummingbird

/// A part of a list that is too long for one answer: `?offset=100` leaves out the first hundred, and the answer's `next` is the offset of the
/// next part, if there is one.
struct ListPage {
    /// The most entries in one answer.
    static let maximumCount = 100
    /// Beyond it a list has no further parts.
    static let maximumOffset = 10_000

    let offset: Int

    init(_ request: Request) throws(ClassroomError) {
        guard let text = request.uri.queryParameters["offset"] else {
            offset = 0
            return
        }
        guard text.utf8.count <= 8, let offset = Int(text), (0...Self.maximumOffset).contains(offset) else {
            throw ClassroomError(.invalid, "offset: must be a whole number from 0 to \(Self.maximumOffset)")
        }
        self.offset = offset
    }

    /// How many entries to ask for: one more than are shown tells that there is a next part.
    var limit: Int { Self.maximumCount + 1 }

    /// - Parameter entries: from ``offset`` on, ``limit`` at most.
    func next(after entries: [some Any]) -> Int? {
        let next = offset + Self.maximumCount
        return entries.count > Self.maximumCount && next <= Self.maximumOffset ? next : nil
    }

    func shown<Entry>(_ entries: [Entry]) -> [Entry] { Array(entries.prefix(Self.maximumCount)) }
}
