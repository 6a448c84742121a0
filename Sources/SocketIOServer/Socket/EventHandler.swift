/// A handler of an event. A type of its own, because a bare closure in a dictionary or an optional is called through thunks.
struct EventHandler {
    let call: (EventRequest) -> Void
}
