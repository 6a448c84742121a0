/// The value of a JSON number: an optional minus, digits that stand for a whole number, and a power of ten.
///
/// Reading it is one pass over its text, however many digits it has, and exact: `12.50e1` is 125 × 10⁰.
struct JSONNumber {
    private let text: UnsafeRawBufferPointer
    let isNegative: Bool
    /// The range from the first to the last digit that is not zero; a point may stand between them. Empty for zero.
    private var significant = 0..<0
    private var digitCount = 0
    /// The power of ten of the last significant digit. Saturates: a text of this length cannot make up for it.
    private var exponent = 0

    private static let maximumExponent = 1 << 40

    init(_ text: UnsafeRawBufferPointer) {
        JSONWork.passed(text.count)
        self.text = text
        isNegative = text.first == JSONByte.minus
        var index = isNegative ? 1 : 0
        var point: Int?
        var first: Int?
        var last = 0
        scan: while index < text.count {
            switch text[index] {
            case JSONByte.point: point = index
            case JSONByte.zero: break
            case JSONByte.zero...JSONByte.nine:
                if first == nil { first = index }
                last = index
            default: break scan
            }
            index &+= 1
        }
        guard let first else { return }
        let mantissaEnd = index
        significant = first..<last &+ 1
        digitCount = last &- first &+ 1
        if let point {
            if first < point, point < last { digitCount &-= 1 }
            exponent = last < point ? point &- last &- 1 : point &- last
        } else {
            exponent = mantissaEnd &- last &- 1
        }
        guard index < text.count, text[index] | 0x20 == UInt8(ascii: "e") else { return }
        index &+= 1
        let exponentIsNegative = index < text.count && text[index] == JSONByte.minus
        if exponentIsNegative || (index < text.count && text[index] == JSONByte.plus) { index &+= 1 }
        var written = 0
        while index < text.count, written < Self.maximumExponent {
            written = written &* 10 &+ Int(text[index] &- JSONByte.zero)
            index &+= 1
        }
        exponent &+= exponentIsNegative ? 0 &- written : written
    }

    /// - Returns: `nil` when the number is no integer or does not fit. `2.0` and `2e3` are integers.
    func integer<Integer: FixedWidthInteger>(as type: Integer.Type) -> Integer? {
        guard digitCount > 0 else { return 0 }
        // No integer type has so many digits that a longer number would fit.
        guard exponent >= 0, digitCount <= Integer.bitWidth, exponent <= Integer.bitWidth else { return nil }
        var value: Integer = 0
        func append(_ digit: UInt8) -> Bool {
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            guard !overflowed, let step = Integer(exactly: digit) else { return false }
            let (next, exceeded) =
                isNegative ? product.subtractingReportingOverflow(step) : product.addingReportingOverflow(step)
            value = next
            return !exceeded
        }
        for byte in text[significant] where byte != JSONByte.point {
            guard append(byte &- JSONByte.zero) else { return nil }
        }
        for _ in 0..<exponent {
            guard append(0) else { return nil }
        }
        return value
    }

    /// The nearest `Double`.
    /// - Returns: `nil` when the number is too large to be finite.
    func double() -> Double? {
        guard digitCount > 0 else { return isNegative ? -0.0 : 0 }
        // Plain numbers need no other text than their own.
        if text.count <= Self.maximumDirectBytes {
            return Double(String(decoding: text, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
        }
        // 768 digits decide how any number rounds, and whether there are more of them (all digits beyond are a single one then).
        var short = isNegative ? "-" : ""
        short.reserveCapacity(Self.maximumDigits + 32)
        var taken = 0
        for byte in text[significant] where byte != JSONByte.point {
            guard taken < Self.maximumDigits else { break }
            short.unicodeScalars.append(Unicode.Scalar(byte))
            taken &+= 1
        }
        var exponent = self.exponent &+ (digitCount &- taken)
        if taken < digitCount {
            short += "1"
            exponent &-= 1
        }
        // Beyond this every number is infinite or zero, whatever its digits.
        exponent = min(max(exponent, -10_000), 10_000)
        return Double(short + "e" + String(exponent)).flatMap { $0.isFinite ? $0 : nil }
    }

    private static let maximumDigits = 768
    private static let maximumDirectBytes = 256
}
