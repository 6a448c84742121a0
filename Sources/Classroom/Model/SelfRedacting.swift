/// A value that holds a secret and shows none of it: neither itself, nor within another value, nor to a debugger's `dump`.
public protocol SelfRedacting: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What may be shown.
    var redactedDescription: String { get }
}

extension SelfRedacting {
    public var redactedDescription: String { "\(Self.self)(…)" }
    public var description: String { redactedDescription }
    public var debugDescription: String { redactedDescription }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
