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
        self.depth += 1
        defer { self.depth -= 1 }
        guard self.depth <= Self.maximumDepth else { throw ExpressionError(offset: self.index, message: "too many brackets") }
        let condition = try self.or()
        guard self.take("?") else { return condition }
        let yes = try self.conditional()
        guard self.take(":") else { throw self.expected("':'") }
        return .conditional(condition, yes, try self.conditional())
    }

    private mutating func or() throws(ExpressionError) -> Expression {
        var left = try self.and()
        while self.takeWord("or") || self.take("||") { left = .binary(.or, left, try self.and()) }
        return left
    }

    private mutating func and() throws(ExpressionError) -> Expression {
        var left = try self.not()
        while self.takeWord("and") || self.take("&&") { left = .binary(.and, left, try self.not()) }
        return left
    }

    private mutating func not() throws(ExpressionError) -> Expression {
        var count = 0
        while self.takeWord("not") || (!self.isNext("!=") && self.take("!")) { count += 1 }
        let inner = try self.comparison()
        return count % 2 == 1 ? .not(inner) : count > 0 ? .not(.not(inner)) : inner
    }

    private static let comparisons: [(String, Expression.BinaryOperator)] = [
        ("===", .equal), ("!==", .notEqual), ("==", .equal), ("!=", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual),
        ("<", .less), (">", .greater), ("=", .equal),
    ]

    private mutating func comparison() throws(ExpressionError) -> Expression {
        let left = try self.sum()
        for (sign, operation) in Self.comparisons where self.take(sign) { return .binary(operation, left, try self.sum()) }
        if self.takeWord("in") { return .binary(.contains, left, try self.sum()) }
        return left
    }

    private mutating func sum() throws(ExpressionError) -> Expression {
        var left = try self.product()
        while true {
            if self.take("+") {
                left = .binary(.add, left, try self.product())
            } else if self.take("-") {
                left = .binary(.subtract, left, try self.product())
            } else {
                return left
            }
        }
    }

    private mutating func product() throws(ExpressionError) -> Expression {
        var left = try self.unary()
        while true {
            if self.take("*") {
                left = .binary(.multiply, left, try self.unary())
            } else if self.take("/") {
                left = .binary(.divide, left, try self.unary())
            } else if self.take("%") || self.takeWord("mod") {
                left = .binary(.remainder, left, try self.unary())
            } else {
                return left
            }
        }
    }

    private mutating func unary() throws(ExpressionError) -> Expression {
        var isNegative = false
        while self.take("-") { isNegative.toggle() }
        let inner = try self.postfix()
        guard isNegative else { return inner }
        if case .constant(let value) = inner, let number = value.strictNumber { return .constant(Expression.number(-number)) }
        return .negate(inner)
    }

    private mutating func postfix() throws(ExpressionError) -> Expression {
        var base = try self.primary()
        while true {
            if self.take(".") {
                guard let name = self.memberName() else { throw self.expected("a name") }
                base = Self.fold(.member(base, .constant(.string(name))))
            } else if self.take("[") {
                let key = try self.conditional()
                guard self.take("]") else { throw self.expected("']'") }
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
        self.skipSpace()
        guard self.index < self.scalars.count else { throw ExpressionError(offset: self.index, message: "an expression is missing") }
        let start = self.index
        let scalar = self.scalars[start]
        if self.take("(") {
            let inner = try self.conditional()
            guard self.take(")") else { throw self.expected("')'") }
            return inner
        }
        if self.take("[") { return .list(try self.arguments(until: "]")) }
        if scalar == "'" || scalar == "\"" { return .constant(.string(try self.quoted(scalar))) }
        if ("0"..."9").contains(scalar) { return .constant(try self.number()) }
        guard let name = self.name() else { throw ExpressionError(offset: start, message: "unexpected '\(scalar)'") }
        switch name {
        case "true": return .constant(.bool(true))
        case "false": return .constant(.bool(false))
        case "null", "undefined": return .constant(.null)
        default: break
        }
        if self.take("(") { return try self.call(name, at: start) }
        if let function = TemplateFunction(rawValue: name), function.isCalledWithoutBrackets { return .call(function, []) }
        return self.resolve(name, start)
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
        if self.take(end) { return arguments }
        repeat { arguments.append(try self.conditional()) } while self.take(",")
        guard self.take(end) else { throw self.expected("'\(end)'") }
        return arguments
    }

    // MARK: Tokens

    private mutating func skipSpace() {
        while self.index < self.scalars.count, self.scalars[self.index].properties.isWhitespace { self.index += 1 }
    }

    private mutating func isNext(_ sign: String) -> Bool {
        self.skipSpace()
        let wanted = Array(sign.unicodeScalars)
        return self.index + wanted.count <= self.scalars.count && self.scalars[self.index..<self.index + wanted.count].elementsEqual(wanted)
    }

    private mutating func take(_ sign: String) -> Bool {
        guard self.isNext(sign) else { return false }
        self.index += sign.unicodeScalars.count
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard self.isNext(word) else { return false }
        let end = self.index + word.unicodeScalars.count
        if end < self.scalars.count, Self.isNamePart(self.scalars[end]) { return false }
        self.index = end
        return true
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    }

    private mutating func name() -> String? {
        let start = self.index
        guard start < self.scalars.count, Self.isNamePart(self.scalars[start]) else { return nil }
        while self.index < self.scalars.count {
            let scalar = self.scalars[self.index]
            let joinsParts =
                self.namesHaveDots && (scalar == "." || scalar == "-" || scalar == ":" || scalar == "/")
                && self.index + 1 < self.scalars.count
                && Self.isNamePart(self.scalars[self.index + 1])
            guard Self.isNamePart(scalar) || joinsParts else { break }
            self.index += 1
        }
        return String(String.UnicodeScalarView(self.scalars[start..<self.index]))
    }

    /// A name behind a dot may have hyphens, and be a number: `user.first-name`, `list.0`.
    private mutating func memberName() -> String? {
        guard var name = self.name() else { return nil }
        while self.index + 1 < self.scalars.count, self.scalars[self.index] == "-", self.scalars[self.index + 1].properties.isAlphabetic {
            self.index += 1
            name += "-" + (self.name() ?? "")
        }
        return name
    }

    private mutating func number() throws(ExpressionError) -> ScriptValue {
        let start = self.index
        while self.index < self.scalars.count, ("0"..."9").contains(self.scalars[self.index]) || self.scalars[self.index] == "." {
            self.index += 1
        }
        let text = String(String.UnicodeScalarView(self.scalars[start..<self.index]))
        if let value = Int(text) { return .int(value) }
        guard let value = Double(text) else { throw ExpressionError(offset: start, message: "not a number: '\(text)'") }
        return .double(value)
    }

    private mutating func quoted(_ mark: Unicode.Scalar) throws(ExpressionError) -> String {
        let start = self.index
        var text = String.UnicodeScalarView()
        self.index += 1
        while self.index < self.scalars.count, self.scalars[self.index] != mark {
            if self.scalars[self.index] == "\\", self.index + 1 < self.scalars.count { self.index += 1 }
            text.append(self.scalars[self.index])
            self.index += 1
        }
        guard self.index < self.scalars.count else { throw ExpressionError(offset: start, message: "a quotation mark is never closed") }
        self.index += 1
        return String(text)
    }

    private mutating func expected(_ what: String) -> ExpressionError {
        self.skipSpace()
        let found = self.index < self.scalars.count ? "'\(self.scalars[self.index])'" : "the end"
        return ExpressionError(offset: self.index, message: "expected \(what), found \(found)")
    }
}
