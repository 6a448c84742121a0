/// A request's body is larger than it may be: 413.
struct BodyTooLarge: Error {
    var maximumBytes: Int
}
