import Testing

/// Lets other tasks run until something holds that no event tells.
func eventually(_ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < deadline {
        if try await holds() { return }
        await Task.yield()
    }
    Issue.record("it never came to hold")
}
