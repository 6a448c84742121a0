import JSONCore

/// JSON in text columns.
enum JSONText {
    /// The JSON of a column. Nil if the column is empty or holds no JSON.
    static func parse(_ text: String?) -> JSONSlice? {
        guard let text else { return nil }
        return try? JSONSlice(text)
    }

    static func text(_ strings: [String]) -> String { JSONWriter.text { $0.value(strings) } }
}

extension JSONSlice {
    /// A whole number, or a string that spells one.
    var wholeNumber: Int? { kind == .string ? string.flatMap { Int($0) } : int }
}
