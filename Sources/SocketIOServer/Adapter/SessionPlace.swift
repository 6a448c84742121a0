/// The place of a session that is being restored, among the broadcasts to the sockets of its event loop.
package struct SessionPlace: Sendable {
    let loops: Loops
    let handle: ShardHandle

    /// Runs `body` on the session's loop, after all broadcasts that were sent before this call and before all later ones.
    package func take(_ body: @escaping @Sendable () -> Void) { loops.enqueue(on: handle) { .perform(body) } }
}

/// An adapter that restores a session in its place among the broadcasts: earlier ones are among the missed events, and later ones reach the
/// socket that resumes the session. With another adapter a broadcast in between reaches neither.
package protocol PlacingAdapter: Adapter {
    /// - Parameter body: called once on the session's loop, unless this throws.
    func restoreSession(
        _ privateID: String, offset: String, at place: SessionPlace, _ body: @escaping @Sendable (RestoredSession?) -> Void
    ) async throws
}
