/// A statement with its parameters, all in text form. Statements are prepared by text, so the text holds no values.
struct PostgresQuery {
    let sql: String
    var parameters: [String?]

    init(_ sql: String, _ parameters: [(any PostgresParameter)?] = []) {
        self.sql = sql
        self.parameters = parameters.map { $0?.postgresText }
    }

    /// Runs a body with the parameters as libpq wants them. PostgreSQL's texts cannot hold U+0000; it becomes U+FFFD.
    /// - Parameter terminated: true if a null pointer must follow the last one.
    func withParameters<Value>(
        terminated: Bool = false, _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        var bytes: [CChar] = []
        var offsets: [Int?] = []
        offsets.reserveCapacity(parameters.count)
        for parameter in parameters {
            guard let parameter else {
                offsets.append(nil)
                continue
            }
            offsets.append(bytes.count)
            for byte in parameter.utf8 {
                if byte != 0 { bytes.append(CChar(bitPattern: byte)) } else { bytes += Self.replacementCharacter }
            }
            bytes.append(0)
        }
        return bytes.withUnsafeBufferPointer { buffer in
            var pointers = offsets.map { offset in offset.flatMap { offset in buffer.baseAddress.map { $0 + offset } } }
            if terminated { pointers.append(nil) }
            return pointers.withUnsafeBufferPointer { body(Int32(parameters.count), $0.baseAddress) }
        }
    }

    private static let replacementCharacter = "\u{FFFD}".utf8.map { CChar(bitPattern: $0) }
}

/// A value that can be a parameter of a statement.
protocol PostgresParameter {
    var postgresText: String { get }
}

extension String: PostgresParameter { var postgresText: String { self } }
extension Int: PostgresParameter { var postgresText: String { String(self) } }
extension Int64: PostgresParameter { var postgresText: String { String(self) } }
extension Double: PostgresParameter { var postgresText: String { description } }
extension Bool: PostgresParameter { var postgresText: String { self ? "t" : "f" } }
