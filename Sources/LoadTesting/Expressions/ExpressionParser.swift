/// An error within an expression, at an offset in Unicode scalars from its beginning.
struct ExpressionError: Error, Hashable {
    var offset: Int
    var message: String
}

/// Recursive descent over the expression language. Lowest first: `?:`, `or ||`, `and &&`, `not !`, comparisons and `in`, `+ -`,
/// `* / %`, unary minus, `.name` and `[index]`.
struct ExpressionParser {
    /// Resolves a variable's name. The offset is for messages.
    typealias Resolver = (_ name: String, _ offset: Int) -> Expression

    static let maximumDepth = 50

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    /// In `ensure` conditions a name contains dots and hyphens: `socketio.response_time.p99`.
    private let namesHaveDots: Bool
    private let resolve: Resolver

    static func parse(_ text: String, namesHaveDots: Bool = false, resolve: @escaping Resolver) throws(ExpressionError) -> Expression {
        var parser = ExpressionParser(scalars: Array(text.unicodeScalars), namesHaveDots: namesHaveDots, resolve: resolve)
        let expression = try parser.conditional()
        parser.skipSpace()
        guard parser.index == parser.scalars.count else {
            throw ExpressionError(offset: parser.index, message: "unexpected '\(parser.scalars[parser.index])'")
        }
        return expression
    }

    private init(scalars: [Unicode.Scalar], namesHaveDots: Bool, resolve: @escaping Resolver) {
        self.scalars = scalars
        self.namesHaveDots = namesHaveDots
        self.resolve = resolve
    }

    // MARK: Levels

    private mutating func conditional() throws(ExpressionError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw ExpressionError(offset: index, message: "too many brackets") }
        let condition = try or()
        guard take("?") else { return condition }
        let yes = try conditional()
        guard take(":") else { throw expected("':'") }
        return .conditional(condition, yes, try conditional())
    }

    private mutating func or() throws(ExpressionError) -> Expression {
        var left = try and()
        while takeWord("or") || take("||") { left = .binary(.or, left, try and()) }
        return left
    }

    private mutating func and() throws(ExpressionError) -> Expression {
        var left = try not()
        while takeWord("and") || take("&&") { left = .binary(.and, left, try not()) }
        return left
    }

    private mutating func not() throws(ExpressionError) -> Expression {
        var count = 0
        while takeWord("not") || (!isNext("!=") && take("!")) { count += 1 }
        let inner = try comparison()
        return count % 2 == 1 ? .not(inner) : count > 0 ? .not(.not(inner)) : inner
    }

    private static let comparisons: [(String, Expression.BinaryOperator)] = [
        ("===", .equal), ("!==", .notEqual), ("==", .equal), ("!=", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual),
        ("<", .less), (">", .greater), ("=", .equal),
    ]

    private mutating func comparison() throws(ExpressionError) -> Expression {
        let left = try sum()
        for (sign, operation) in Self.comparisons where take(sign) { return .binary(operation, left, try sum()) }
        if takeWord("in") { return .binary(.contains, left, try sum()) }
        return left
    }

    private mutating func sum() throws(ExpressionError) -> Expression {
        var left = try product()
        while true {
            if take("+") {
                left = .binary(.add, left, try product())
            } else if take("-") {
                left = .binary(.subtract, left, try product())
            } else {
                return left
            }
        }
    }

    private mutating func product() throws(ExpressionError) -> Expression {
        var left = try unary()
        while true {
            if take("*") {
                left = .binary(.multiply, left, try unary())
            } else if take("/") {
                left = .binary(.divide, left, try unary())
            } else if take("%") || takeWord("mod") {
                left = .binary(.remainder, left, try unary())
            } else {
                return left
            }
        }
    }

    private mutating func unary() throws(ExpressionError) -> Expression {
        var isNegative = false
        while take("-") { isNegative.toggle() }
        let inner = try postfix()
        guard isNegative else { return inner }
        if case .constant(let value) = inner, let number = value.strictNumber { return .constant(Expression.number(-number)) }
        return .negate(inner)
    }

    private mutating func postfix() throws(ExpressionError) -> Expression {
        var base = try primary()
        while true {
            if take(".") {
                guard let name = memberName() else { throw expected("a name") }
                base = Self.fold(.member(base, .constant(.string(name))))
            } else if take("[") {
                let key = try conditional()
                guard take("]") else { throw expected("']'") }
                base = Self.fold(.member(base, key))
            } else {
                return base
            }
        }
    }

    /// A member of a known value, such as `$env.HOME`, is known too.
    private static func fold(_ expression: Expression) -> Expression {
        guard case .member(.constant(let base), .constant(let key)) = expression else { return expression }
        return .constant(Expression.member(base, key))
    }

    private mutating func primary() throws(ExpressionError) -> Expression {
        skipSpace()
        guard index < scalars.count else { throw ExpressionError(offset: index, message: "an expression is missing") }
        let start = index
        let scalar = scalars[start]
        if take("(") {
            let inner = try conditional()
            guard take(")") else { throw expected("')'") }
            return inner
        }
        if take("[") { return .list(try arguments(until: "]")) }
        if scalar == "'" || scalar == "\"" { return .constant(.string(try quoted(scalar))) }
        if ("0"..."9").contains(scalar) { return .constant(try number()) }
        guard let name = self.name() else { throw ExpressionError(offset: start, message: "unexpected '\(scalar)'") }
        switch name {
        case "true": return .constant(.bool(true))
        case "false": return .constant(.bool(false))
        case "null", "undefined": return .constant(.null)
        default: break
        }
        if take("(") { return try call(name, at: start) }
        if let function = TemplateFunction(rawValue: name), function.isCalledWithoutBrackets { return .call(function, []) }
        return resolve(name, start)
    }

    private mutating func call(_ name: String, at start: Int) throws(ExpressionError) -> Expression {
        let arguments = try self.arguments(until: ")")
        guard let function = TemplateFunction(rawValue: name) else {
            let known = TemplateFunction.allCases.map(\.rawValue)
            throw ExpressionError(offset: start, message: "unknown function \(name)()\(NearestName.hint(for: name, among: known))")
        }
        guard function.arity.contains(arguments.count) else {
            let wanted =
                function.arity.lowerBound == function.arity.upperBound
                ? "\(function.arity.lowerBound)" : "\(function.arity.lowerBound) to \(function.arity.upperBound)"
            throw ExpressionError(offset: start, message: "\(name)() takes \(wanted) arguments, not \(arguments.count)")
        }
        return .call(function, arguments)
    }

    private mutating func arguments(until end: String) throws(ExpressionError) -> [Expression] {
        var arguments: [Expression] = []
        if take(end) { return arguments }
        repeat { arguments.append(try conditional()) } while take(",")
        guard take(end) else { throw expected("'\(end)'") }
        return arguments
    }

    // MARK: Tokens

    private mutating func skipSpace() {
        while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
    }

    private mutating func isNext(_ sign: String) -> Bool {
        skipSpace()
        let wanted = Array(sign.unicodeScalars)
        return index + wanted.count <= scalars.count && scalars[index..<index + wanted.count].elementsEqual(wanted)
    }

    private mutating func take(_ sign: String) -> Bool {
        guard isNext(sign) else { return false }
        index += sign.unicodeScalars.count
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard isNext(word) else { return false }
        let end = index + word.unicodeScalars.count
        if end < scalars.count, Self.isNamePart(scalars[end]) { return false }
        index = end
        return true
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    }

    private mutating func name() -> String? {
        let start = index
        guard start < scalars.count, Self.isNamePart(scalars[start]) else { return nil }
        while index < scalars.count {
            let scalar = scalars[index]
            let joinsParts =
                namesHaveDots && (scalar == "." || scalar == "-" || scalar == ":" || scalar == "/")
                && index + 1 < scalars.count
                && Self.isNamePart(scalars[index + 1])
            guard Self.isNamePart(scalar) || joinsParts else { break }
            index += 1
        }
        return String(String.UnicodeScalarView(scalars[start..<index]))
    }

    /// A name after a dot may contain hyphens, or be a number: `user.first-name`, `list.0`.
    private mutating func memberName() -> String? {
        guard var name = self.name() else { return nil }
        while index + 1 < scalars.count, scalars[index] == "-", scalars[index + 1].properties.isAlphabetic {
            index += 1
            name += "-" + (self.name() ?? "")
        }
        return name
    }

    private mutating func number() throws(ExpressionError) -> ScriptValue {
        let start = index
        while index < scalars.count, ("0"..."9").contains(scalars[index]) || scalars[index] == "." {
            index += 1
        }
        let text = String(String.UnicodeScalarView(scalars[start..<index]))
        if let value = Int(text) { return .int(value) }
        guard let value = Double(text) else { throw ExpressionError(offset: start, message: "not a number: '\(text)'") }
        return .double(value)
    }

    private mutating func quoted(_ mark: Unicode.Scalar) throws(ExpressionError) -> String {
        let start = index
        var text = String.UnicodeScalarView()
        index += 1
        while index < scalars.count, scalars[index] != mark {
            if scalars[index] == "\\", index + 1 < scalars.count { index += 1 }
            text.append(scalars[index])
            index += 1
        }
        guard index < scalars.count else { throw ExpressionError(offset: start, message: "a quotation mark is never closed") }
        index += 1
        return String(text)
    }

    private mutating func expected(_ what: String) -> ExpressionError {
        skipSpace()
        let found = index < scalars.count ? "'\(scalars[index])'" : "the end"
        return ExpressionError(offset: index, message: "expected \(what), found \(found)")
    }
}
