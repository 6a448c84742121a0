/// A request's payload, free of any wire format: what the rules and the validator work on.
public indirect enum Payload: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Payload])
    case object([String: Payload])
}
