import Testing

/// Lets other tasks run until something holds that no event tells. The time limit only ends a test that hangs.
package func eventually(_ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(600)
    while ContinuousClock.now < deadline {
        if try await holds() { return }
        // Not a bare yield: dozens of tests wait at once, and would take the processor from those whom they wait for.
        try await Task.sleep(for: .milliseconds(1))
    }
    Issue.record("it never came to hold")
}
