package import Testing

/// Waits until something holds of which no event tells, such as a change by another server. The time limit only ends a test that hangs.
package func eventually(sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(600)
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "it never came to hold", sourceLocation: sourceLocation)
        // Not a bare yield: dozens of tests wait at once, and would take the processor from the work that they wait for.
        try await Task.sleep(for: .milliseconds(1))
    }
}
