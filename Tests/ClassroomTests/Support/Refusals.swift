import Classroom

/// The refusal that `body` ends in; nil when it succeeds.
func refusal(_ body: () throws -> Void) -> ClassroomError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ClassroomError
    }
}
