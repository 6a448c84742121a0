/// The six kinds of JSON values (RFC 8259 §3).
public enum JSONKind: Sendable, Hashable {
    case null, bool, number, string, array, object
}
