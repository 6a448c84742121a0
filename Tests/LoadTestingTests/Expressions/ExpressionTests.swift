import NIOCore
import JSONCore
import Testing

@testable import LoadTesting

@Suite("Expressions and templates")
struct ExpressionTests {
    private let names = [
        "n": ScriptValue.int(3), "s": "abc", "list": [1, 2, ["x": "y"]], "o": ["a-b": 1, "c": ["d": true]], "none": .null,
    ]

    private func evaluate(_ text: String, seed: UInt64 = 1) throws -> ScriptValue {
        let keys = names.keys.sorted()
        let expression = try ExpressionParser.parse(text) { name, _ in
            keys.firstIndex(of: name).map { .variable(slot: $0) } ?? .constant(.null)
        }
        var scope = emptyScope(keys.map { names[$0] ?? .null }, seed: seed)
        return expression.value(in: &scope)
    }

    @Test(
        "operators have the usual precedence",
        arguments: [
            ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 % 4 - -1", "4"), ("1 / 4", "0.25"), ("1 / 0", "null"), ("\"a\" + 1", "\"a1\""),
            ("n > 2 and n < 4", "true"), ("n > 2 && n > 4 || true", "true"), ("not n == 3", "false"), ("!(n == 3)", "false"),
            ("n == '3'", "true"), ("n === 3", "true"), ("n != 3", "false"), ("n = 3", "true"), ("s < 'abd'", "true"), ("s < 5", "false"),
            ("2 in list", "true"), ("5 in list", "false"), ("'b' in s", "true"), ("'c' in o", "true"), ("n in [1, 3]", "true"),
            ("n > 2 ? 'big' : 'small'", "\"big\""), ("none or 'default'", "\"default\""), ("none == null", "true"),
        ])
    func operators(text: String, expected: String) throws {
        #expect(try evaluate(text).json == expected)
    }

    @Test(
        "members and indexes go into values",
        arguments: [
            ("list[0]", "1"), ("list.1", "2"), ("list[2].x", "\"y\""), ("list.length", "3"), ("s.length", "3"), ("o['a-b']", "1"),
            ("o.a-b", "1"),
            ("o.c.d", "true"), ("o.none.d", "null"), ("list[9]", "null"), ("$length(list)", "3"), ("$json(o.c)", "\"{\\\"d\\\":true}\""),
        ])
    func members(text: String, expected: String) throws {
        #expect(try evaluate(text).json == expected)
    }

    @Test(
        "what is no expression is an error at its offset",
        arguments: [
            ("", 0), ("1 +", 3), ("(1", 2), ("1 2", 2), ("'abc", 0), ("$nothing(1)", 0), ("  $randomInt(1)", 2), ("list[", 5), ("a.", 2),
            ("n ? 1", 5),
        ])
    func errors(text: String, offset: Int) {
        do {
            let value = try evaluate(text)
            #expect(Bool(false), "\(value)")
        } catch let error as ExpressionError {
            #expect(error.offset == offset, "\(error)")
        } catch {
            #expect(Bool(false), "\(error)")
        }
    }

    @Test("forty-nine brackets within one another, not fifty")
    func depth() throws {
        #expect(try evaluate(String(repeating: "(", count: 49) + "1" + String(repeating: ")", count: 49)) == 1)
        #expect(throws: ExpressionError.self) { try evaluate(String(repeating: "(", count: 50) + "1" + String(repeating: ")", count: 50)) }
        #expect(throws: ExpressionError.self) { try evaluate(String(repeating: "[", count: 100_000)) }
    }

    @Test("random functions stay within their bounds, depend on the seed, and reach both ends")
    func random() throws {
        var seen: Set<Int> = []
        for seed in 0..<200 {
            guard case .int(let value) = try evaluate("$randomInt(1, 3)", seed: UInt64(seed)) else {
                #expect(Bool(false))
                continue
            }
            seen.insert(value)
        }
        #expect(seen == [1, 2, 3])
        #expect(try evaluate("$randomInt(3, 1)").number.map { (1...3).contains($0) } == true)
        #expect(try evaluate("$randomString(5)", seed: 4) == evaluate("$randomString(5)", seed: 4))
        let uuid = try evaluate("$uuid()").text
        #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        #expect(try evaluate("$pick('a', 'b')").text.count == 1)
    }

    @Test("a text that is one expression keeps its type; within a text values become text")
    func typed() throws {
        let resolve: ExpressionParser.Resolver = { _, _ in .variable(slot: 0) }
        var scope = emptyScope([["a": 1]])
        #expect(try Template.parse("{{ x.a }}", resolve: resolve).value(in: &scope) == 1)
        #expect(try Template.parse("{{{ x.a }}}", resolve: resolve).value(in: &scope) == 1)
        #expect(try Template.parse("n{{x.a}}/{{ x }}!", resolve: resolve).value(in: &scope) == "n1/{\"a\":1}!")
        #expect(try Template.parse("{{ '}}' }}", resolve: resolve).value(in: &scope) == "}}")
        #expect(throws: ExpressionError.self) { try Template.parse("{{ x", resolve: resolve) }
    }

    @Test(
        "JSON paths find names, indexes, wildcards and descendants",
        arguments: [
            ("$.0.a", "[1]"), ("$[0].a", "[1]"), ("$.0['a']", "[1]"), ("$[-1]", "[5]"), ("$.0.b[*].c", "[2,3]"), ("$..c", "[2,3]"),
            ("$", nil),
            ("$.0.x", "[]"), ("$.length", "[2]"), ("0.a", "[1]"), ("$.0.b.1.c", "[3]"),
        ] as [(String, String?)])
    func paths(path: String, expected: String?) throws {
        let value = ScriptValue(try JSONSlice("[{\"a\":1,\"b\":[{\"c\":2},{\"c\":3}]},5]"))
        let found = ScriptValue.array(try JSONPath(path).matches(in: value)).json
        #expect(found == expected ?? "[\(value.json)]")
    }

    @Test("a broken JSON path is an error", arguments: ["$.", "$[", "$['a'", "$.a[?(@.b)]", "$x", "$..", "$[1:2]"])
    func brokenPaths(path: String) {
        #expect(throws: JSONPath.SyntaxError.self) { try JSONPath(path) }
    }

    @Test("names within two typing errors are suggested, others are not")
    func nearestNames() {
        let known = ["arrivalRate", "duration", "rampTo", "maxVusers"]
        #expect(NearestName.suggestion(for: "arivalrate", among: known) == "arrivalRate")
        #expect(NearestName.suggestion(for: "maxVUsers", among: known) == "maxVusers")
        #expect(NearestName.suggestion(for: "rmapTo", among: known) == "rampTo")
        #expect(NearestName.suggestion(for: "colour", among: known) == nil)
    }

    @Test("the script of 'dunlin init load' has neither errors nor warnings")
    func firstScript() throws {
        let script = try parse(FirstScript.text)
        #expect(script.warnings.isEmpty && script.scenarios.count == 2)
        #expect(script.summary.contains("2 scenarios, 2 phases, 2 min 30 s, 1,380 arrivals"))
    }
}
