/// A place in a file that a person wrote. Lines and columns count from 1; columns count Unicode scalars.
public struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
    /// As the user named it, for messages only.
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }

    /// The same line, some columns to the right.
    func advanced(by columns: Int) -> SourcePosition {
        SourcePosition(file: file, line: line, column: column + columns)
    }
}

/// An error or a warning about one place of a script.
public struct Diagnostic: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable, Hashable {
        /// The script cannot be run.
        case error
        /// The script can run, but a setting has no effect or probably means something else.
        case warning
    }

    public var severity: Severity
    public var position: SourcePosition
    public var message: String

    public init(_ severity: Severity, at position: SourcePosition, _ message: String) {
        self.severity = severity
        self.position = position
        self.message = message
    }

    /// `FILE:LINE:COLUMN: error: MESSAGE`, the form that editors turn into a link.
    public var description: String { "\(position): \(severity.rawValue): \(message)" }
}

/// The diagnostics of one file, in the order in which they were found.
public struct Diagnostics: Error, Sendable, Hashable {
    /// Further diagnostics are dropped: a broken file of a megabyte must not print a megabyte.
    public static let maximumCount = 100

    public private(set) var entries: [Diagnostic] = []
    /// Diagnostics beyond ``maximumCount``.
    public private(set) var discarded = 0
    /// Whether any error was found, kept or not.
    public private(set) var hasErrors = false

    public init() {}

    init(_ diagnostic: Diagnostic) { add(diagnostic) }

    public mutating func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { hasErrors = true }
        if entries.contains(diagnostic) { return }
        guard entries.count < Self.maximumCount else {
            discarded += 1
            return
        }
        entries.append(diagnostic)
    }

    mutating func error(at position: SourcePosition, _ message: String) { add(Diagnostic(.error, at: position, message)) }

    mutating func warning(at position: SourcePosition, _ message: String) { add(Diagnostic(.warning, at: position, message)) }

    public var errors: [Diagnostic] { entries.filter { $0.severity == .error } }
    public var warnings: [Diagnostic] { entries.filter { $0.severity == .warning } }
}

/// Finds the known name that a misspelt one probably means.
enum NearestName {
    /// The nearest of `known` by edit distance, if the difference is likely a typing error.
    static func suggestion(for name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars)
        guard wanted.count <= 100 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in known where candidate != name {
            let distance = Self.distance(wanted, Array(candidate.lowercased().unicodeScalars))
            let allowed = max(1, max(wanted.count, candidate.unicodeScalars.count) / 3)
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// `; did you mean 'x'?`, or the known names if none is near and there are few.
    static func hint(for name: String, among known: [String]) -> String {
        if let near = Self.suggestion(for: name, among: known) { return "; did you mean '\(near)'?" }
        guard !known.isEmpty, known.count <= 30 else { return "" }
        return "; known are \(known.sorted().joined(separator: ", "))"
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    static func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
        if one.isEmpty || other.isEmpty { return max(one.count, other.count) }
        var beforeLast = [Int](repeating: 0, count: other.count + 1)
        var last = Array(0...other.count)
        for row in 1...one.count {
            var current = [Int](repeating: row, count: other.count + 1)
            for column in 1...other.count {
                let isEqual = one[row - 1] == other[column - 1]
                current[column] = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (isEqual ? 0 : 1))
                if row > 1, column > 1, one[row - 1] == other[column - 2], one[row - 2] == other[column - 1] {
                    current[column] = min(current[column], beforeLast[column - 2] + 1)
                }
            }
            (beforeLast, last) = (last, current)
        }
        return last[other.count]
    }
}
