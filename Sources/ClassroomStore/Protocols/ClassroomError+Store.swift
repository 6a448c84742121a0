public import Classroom

extension ClassroomError {
    /// A session with this id has a row already.
    public static let sessionExists = ClassroomError(.conflict, "A session with this id exists already")
    /// A quiz with this id has a row already.
    public static let quizExists = ClassroomError(.conflict, "A quiz with this id exists already")
    /// Another session, waiting or active, has this join code.
    public static let joinCodeInUse = ClassroomError(.conflict, "The join code is in use")
    /// Another server has become the session's owner since the write was decided: the session has to be read again.
    public static let staleEpoch = ClassroomError(
        .unavailable, "The session has moved to another server, please try again", retryAfterMs: 500)
    /// Another server runs the session.
    public static let sessionElsewhere = ClassroomError(
        .unavailable, "Another server runs this session, please try again", retryAfterMs: 1_000)
    /// Too many writes wait.
    public static let storeOverloaded = ClassroomError(.unavailable, "The database is busy, please try again", retryAfterMs: 1_000)
    /// The server is shutting down.
    public static let storeClosed = ClassroomError(.unavailable, "The database is closed", retryAfterMs: 5_000)
    /// The database failed: it was locked for too long, the disk is full, or there was an I/O error. The log has the cause.
    public static let storeFailed = ClassroomError(.unavailable, "The database is not available, please try again", retryAfterMs: 1_000)
}
