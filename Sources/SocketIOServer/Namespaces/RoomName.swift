/// The name of a room, or a socket's id as a room, compared and hashed by its bytes: rooms of names that only look alike are different ones,
/// as in the reference.
///
/// Swift's own comparison and hash normalise a text that is not ASCII, in quadratic time where one letter has many marks, and in many
/// applications clients choose names of rooms.
package struct RoomName: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: RoomName, right: RoomName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension RoomName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(text) }
}
