import NIOCore
import JSONCore

/// A text with `{{ expressions }}`, compiled once. A text that is only one expression keeps the expression's type.
public struct Template: Sendable, Hashable {
    enum Segment: Sendable, Hashable {
        case text(String)
        case expression(Expression)

        var knownText: String? {
            switch self {
            case .text(let text), .expression(.constant(.string(let text))): text
            case .expression(.constant(let value)): value.text
            case .expression: nil
            }
        }
    }

    var segments: [Segment]

    init(segments: [Segment]) { self.segments = segments }

    /// A text without expressions.
    public init(constant: String) { segments = constant.isEmpty ? [] : [.text(constant)] }

    /// The text, if it has no expressions.
    var constant: String? {
        switch segments.count {
        case 0: return ""
        case 1: return segments[0].knownText
        default: return nil
        }
    }

    func text(in scope: inout VariableScope) -> String {
        if let constant { return constant }
        var result = ""
        for segment in segments {
            switch segment {
            case .text(let text): result += text
            case .expression(let expression): result += expression.value(in: &scope).text
            }
        }
        return result
    }

    func value(in scope: inout VariableScope) -> ScriptValue {
        if segments.count == 1, case .expression(let expression) = segments[0] { return expression.value(in: &scope) }
        return .string(text(in: &scope))
    }

    /// Splits a text at its `{{ … }}` (or `{{{ … }}}`) and parses the expressions in them.
    static func parse(_ text: String, resolve: @escaping ExpressionParser.Resolver) throws(ExpressionError) -> Template {
        var segments: [Segment] = []
        var rest = text[...]
        var offset = 0
        while let open = rest.firstRange(of: "{{") {
            let before = rest[..<open.lowerBound]
            if !before.isEmpty { segments.append(.text(String(before))) }
            var inner = rest[open.upperBound...]
            let openLength = inner.first == "{" ? 3 : 2
            if openLength == 3 { inner = inner.dropFirst() }
            let start = offset + before.unicodeScalars.count + openLength
            guard let close = Self.end(of: inner) else {
                throw ExpressionError(offset: start - openLength, message: "'{{' without '}}'")
            }
            let source = inner[..<close]
            do {
                let expression = try ExpressionParser.parse(String(source)) { resolve($0, $1 + start) }
                segments.append(.expression(expression))
            } catch {
                throw ExpressionError(offset: error.offset + start, message: error.message)
            }
            var after = inner[close...].dropFirst(2)
            var closeLength = 2
            if openLength == 3, after.first == "}" {
                after = after.dropFirst()
                closeLength = 3
            }
            offset = start + source.unicodeScalars.count + closeLength
            rest = after
        }
        if !rest.isEmpty { segments.append(.text(String(rest))) }
        return Template(segments: segments.count > 1 ? Self.joined(segments) : segments)
    }

    /// Joins texts and known values that are neighbours.
    private static func joined(_ segments: [Segment]) -> [Segment] {
        var result: [Segment] = []
        for segment in segments {
            guard let text = segment.knownText else {
                result.append(segment)
                continue
            }
            if case .text(let before)? = result.last { result[result.count - 1] = .text(before + text) } else { result.append(.text(text)) }
        }
        return result
    }

    /// The first `}}` outside quotation marks.
    private static func end(of text: Substring) -> Substring.Index? {
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            if let mark = quote {
                if character == mark { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if text[index...].hasPrefix("}}") {
                return index
            }
            index = text.index(after: index)
        }
        // A lone apostrophe must not hide the end.
        return quote == nil ? nil : text.firstRange(of: "}}")?.lowerBound
    }
}

/// A JSON value with templates in its strings and keys, compiled into pieces of finished JSON and the expressions between them.
public struct JSONTemplate: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        /// Finished JSON, possibly only a part of a value.
        case raw(ByteBuffer)
        /// The value of the expression.
        case value(Expression)
        /// A string with expressions in it.
        case string(Template)
    }

    private(set) var pieces: [Piece] = []

    /// The JSON, if it has no expressions.
    var constant: ByteBuffer? {
        switch (pieces.count, pieces.first) {
        case (0, _): ByteBuffer()
        case (1, .raw(let bytes)): bytes
        default: nil
        }
    }

    /// Appends the value's JSON.
    func render(to buffer: inout ByteBuffer, in scope: inout VariableScope) {
        for piece in pieces {
            switch piece {
            case .raw(let bytes): buffer.writeImmutableBuffer(bytes)
            case .value(let expression):
                let value = expression.value(in: &scope)
                JSONWriter.append(to: &buffer) { value.write(to: &$0) }
            case .string(let template):
                let text = template.text(in: &scope)
                JSONWriter.append(to: &buffer) { $0.string(text) }
            }
        }
    }

    /// The value's JSON.
    func rendered(in scope: inout VariableScope) -> ByteBuffer {
        var buffer = ByteBuffer()
        render(to: &buffer, in: &scope)
        return buffer
    }

    /// The value as a tree.
    func value(in scope: inout VariableScope) -> ScriptValue {
        (try? JSONSlice(validating: rendered(in: &scope))).map(ScriptValue.init) ?? .null
    }

    mutating func append(_ text: String) {
        if case .raw(var bytes)? = pieces.last {
            bytes.writeString(text)
            pieces[pieces.count - 1] = .raw(bytes)
        } else {
            pieces.append(.raw(ByteBuffer(string: text)))
        }
    }

    mutating func append(_ template: Template, isKey: Bool = false) {
        if template.segments.count == 1, case .expression(let expression) = template.segments[0], !isKey {
            if case .constant(let value) = expression { append(value.json) } else { pieces.append(.value(expression)) }
        } else if let constant = template.constant {
            append(ScriptValue.string(constant).json)
        } else {
            pieces.append(.string(template))
        }
    }

    /// Opens a finished object again, so that members may follow.
    mutating func dropLastBrace() {
        guard case .raw(let bytes)? = pieces.last, let shorter = bytes.getSlice(at: bytes.readerIndex, length: bytes.readableBytes - 1)
        else { return }
        pieces[pieces.count - 1] = .raw(shorter)
    }
}
