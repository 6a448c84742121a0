/// An expression of a template, of `ifTrue` and `whileTrue`, or of an `ensure` condition.
public indirect enum Expression: Sendable, Hashable {
    public enum BinaryOperator: Sendable, Hashable {
        case or, and, equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, contains, add, subtract, multiply, divide, remainder
    }

    case constant(ScriptValue)
    /// The variable in a slot of the scope.
    case variable(slot: Int)
    case member(Expression, Expression)
    case call(TemplateFunction, [Expression])
    case list([Expression])
    case not(Expression)
    case negate(Expression)
    case binary(BinaryOperator, Expression, Expression)
    case conditional(Expression, Expression, Expression)

    /// Evaluates the expression. Missing variables are null, and so is arithmetic on values that are not numbers.
    public func value(in scope: inout VariableScope) -> ScriptValue {
        switch self {
        case .constant(let value): return value
        case .variable(let slot): return slot < scope.slots.count ? scope.slots[slot] : .null
        case .member(let base, let key): return Self.member(base.value(in: &scope), key.value(in: &scope))
        case .call(let function, let arguments):
            var values: [ScriptValue] = []
            values.reserveCapacity(arguments.count)
            for argument in arguments { values.append(argument.value(in: &scope)) }
            return function.call(values, in: &scope)
        case .list(let elements):
            var values: [ScriptValue] = []
            for element in elements { values.append(element.value(in: &scope)) }
            return .array(values)
        case .not(let inner): return .bool(!inner.value(in: &scope).isTrue)
        case .negate(let inner): return inner.value(in: &scope).number.map { Self.number(-$0) } ?? .null
        case .binary(.or, let left, let right):
            let value = left.value(in: &scope)
            return value.isTrue ? value : right.value(in: &scope)
        case .binary(.and, let left, let right):
            let value = left.value(in: &scope)
            return value.isTrue ? right.value(in: &scope) : value
        case .binary(let operation, let left, let right):
            return Self.apply(operation, left.value(in: &scope), right.value(in: &scope))
        case .conditional(let condition, let yes, let no):
            return condition.value(in: &scope).isTrue ? yes.value(in: &scope) : no.value(in: &scope)
        }
    }

    static func member(_ base: ScriptValue, _ key: ScriptValue) -> ScriptValue {
        switch base {
        case .array(let elements):
            if case .string("length") = key { return .int(elements.count) }
            guard let index = key.number, index == index.rounded(), index >= 0, index < Double(elements.count) else { return .null }
            return elements[Int(index)]
        case .object: return base[key.text] ?? .null
        case .string(let text):
            if case .string("length") = key { return .int(text.utf16.count) }
            return .null
        default: return .null
        }
    }

    /// The number as an integer if it is whole, as JSON writes it.
    static func number(_ value: Double) -> ScriptValue {
        value == value.rounded() && abs(value) < 0x1p53 ? .int(Int(value)) : .double(value)
    }

    private static func apply(_ operation: BinaryOperator, _ left: ScriptValue, _ right: ScriptValue) -> ScriptValue {
        switch operation {
        case .or, .and: return .null
        case .equal: return .bool(left.matches(right))
        case .notEqual: return .bool(!left.matches(right))
        case .less: return .bool(Self.compare(left, right).map { $0 < 0 } ?? false)
        case .lessOrEqual: return .bool(Self.compare(left, right).map { $0 <= 0 } ?? false)
        case .greater: return .bool(Self.compare(left, right).map { $0 > 0 } ?? false)
        case .greaterOrEqual: return .bool(Self.compare(left, right).map { $0 >= 0 } ?? false)
        case .contains:
            switch right {
            case .array(let elements): return .bool(elements.contains { left.matches($0) })
            case .object(let members): return .bool(members.contains { $0.key == left.text })
            case .string(let text): return .bool(text.contains(left.text))
            default: return .bool(false)
            }
        case .add:
            if let one = left.strictNumber, let two = right.strictNumber { return Self.number(one + two) }
            return .string(left.text + right.text)
        case .subtract: return Self.arithmetic(left, right, -)
        case .multiply: return Self.arithmetic(left, right, *)
        case .divide: return Self.arithmetic(left, right, /)
        case .remainder: return Self.arithmetic(left, right) { $0.truncatingRemainder(dividingBy: $1) }
        }
    }

    private static func arithmetic(_ left: ScriptValue, _ right: ScriptValue, _ operation: (Double, Double) -> Double) -> ScriptValue {
        guard let one = left.number, let two = right.number else { return .null }
        let result = operation(one, two)
        return result.isFinite ? Self.number(result) : .null
    }

    /// Negative, zero or positive. Nil if the two cannot be ordered.
    private static func compare(_ left: ScriptValue, _ right: ScriptValue) -> Int? {
        if let one = left.number, let two = right.number { return one < two ? -1 : one > two ? 1 : one == two ? 0 : nil }
        guard case .string(let one) = left, case .string(let two) = right else { return nil }
        return one < two ? -1 : one > two ? 1 : 0
    }
}

extension ScriptValue {
    /// The value of a number. Nil for a string that spells one, since `+` joins strings.
    var strictNumber: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
