/// Why a store could not be opened. The description is one line, made for a person at a terminal.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Kind: Hashable, Sendable {
        private enum Value { case invalidURL, unsupported, unopenable, unwritable }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        /// The URL names no database.
        public static let invalidURL = Kind(.invalidURL)
        /// This kind of database does not support the request.
        public static let unsupported = Kind(.unsupported)
        /// The database is not there, not readable, not a database, or made by a newer version.
        public static let unopenable = Kind(.unopenable)
        /// A file cannot be written, or exists already.
        public static let unwritable = Kind(.unwritable)
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
