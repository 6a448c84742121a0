/// The value of a JSON number.
enum JSONNumber {
    /// - Returns: `nil` when the number is no integer or does not fit. `2.0` and `2e3` are integers.
    static func integer<Integer: FixedWidthInteger>(_ text: UnsafeRawBufferPointer, as type: Integer.Type) -> Integer? {
        var index = 0
        let isNegative = text.first == JSONByte.minus
        if isNegative { index = 1 }
        guard index < text.count else { return nil }
        var value: Integer = 0
        while index < text.count {
            let digit = text[index] &- JSONByte.zero
            guard digit < 10 else { return self.double(text).flatMap { Integer(exactly: $0) } }
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            guard !overflowed, let step = Integer(exactly: digit) else { return nil }
            let (next, exceeded) =
                isNegative ? product.subtractingReportingOverflow(step) : product.addingReportingOverflow(step)
            guard !exceeded else { return nil }
            value = next
            index += 1
        }
        return value
    }

    /// - Returns: `nil` when the number is too large to be finite.
    static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }
}
