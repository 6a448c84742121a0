import JSONCore

/// JSON in text columns.
enum JSONText {
    /// The text of a column; nil when there is none or it is not JSON.
    static func parse(_ text: String?) -> JSONSlice? {
        guard let text else { return nil }
        return try? JSONSlice(text)
    }

    static func text(_ strings: [String]) -> String { JSONWriter.text { $0.value(strings) } }
}

extension JSONSlice {
    /// A whole number, or a text that is one.
    var wholeNumber: Int? { self.kind == .string ? self.string.flatMap { Int($0) } : self.int }
}
