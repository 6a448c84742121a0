/// How packets travel (the `transport` query parameter).
public enum EngineTransport: String, Sendable, CaseIterable {
    case polling
    case websocket
}
