/// A number's decimal digits.
@usableFromInline
package enum JSONDigits {
    /// How many digits a number has.
    @inlinable
    package static func count(_ value: UInt64) -> Int {
        var digits = 1
        var limit: UInt64 = 10
        while value >= limit {
            digits &+= 1
            if digits == 20 { break }
            limit &*= 10
        }
        return digits
    }

    /// - Parameter target: has room for the digits from the offset on.
    /// - Returns: The offset after the last digit.
    @inlinable
    package static func write(_ value: UInt64, to target: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let digits = count(value)
        var rest = value
        var index = offset &+ digits
        while index > offset {
            index &-= 1
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            target[index] = JSONByte.zero &+ UInt8(truncatingIfNeeded: remainder)
            rest = quotient
        }
        return offset &+ digits
    }
}
