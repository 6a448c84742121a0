/// The reason why a classroom could not start. The description is one line for a person at a terminal; it holds no secret.
public struct StartupError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Kind: Hashable, Sendable {
        private enum Value {
            case invalidSetting, missingFile, invalidFile, databaseUnavailable, redisUnavailable, notInThisBuild, addressInUse, noSuchHost
            case unwritableFile
        }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        /// A setting has an impossible value.
        public static let invalidSetting = Kind(.invalidSetting)
        /// A file that a setting names cannot be read.
        public static let missingFile = Kind(.missingFile)
        /// A file that a setting names does not hold what it should.
        public static let invalidFile = Kind(.invalidFile)
        /// The database cannot be opened or does not answer.
        public static let databaseUnavailable = Kind(.databaseUnavailable)
        /// Redis cannot be reached, or does not let this program in.
        public static let redisUnavailable = Kind(.redisUnavailable)
        /// A setting asks for something that this build lacks.
        public static let notInThisBuild = Kind(.notInThisBuild)
        /// The address to listen on is taken, or may not be used.
        public static let addressInUse = Kind(.addressInUse)
        /// The host name to listen on is unknown.
        public static let noSuchHost = Kind(.noSuchHost)
        /// A file cannot be written, or exists already.
        public static let unwritableFile = Kind(.unwritableFile)
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
