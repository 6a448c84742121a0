/// How packets travel (the `transport` query parameter).
public enum EngineTransport: String, Sendable, CaseIterable {
    case polling
    case websocket

    /// - Parameter name: as a client wrote it. A long one is not compared: comparing strings normalises them, which takes quadratic time
    ///   where one letter has many marks.
    init?(named name: String) {
        guard name.utf8.count <= 16 else { return nil }
        self.init(rawValue: name)
    }
}
