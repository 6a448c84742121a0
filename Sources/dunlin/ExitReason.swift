import ClassroomServer

/// Exit statuses out of `sysexits.h`.
enum ExitReason: Int32 {
    /// EX_USAGE: a wrong option or value.
    case usage = 64
    /// EX_DATAERR: a file does not hold what it should.
    case dataError = 65
    /// EX_NOINPUT: a file is not there or not readable.
    case noInput = 66
    /// EX_NOUSER: no such user or token.
    case noUser = 67
    /// EX_NOHOST: no such host.
    case noHost = 68
    /// EX_UNAVAILABLE: the database or Redis cannot be reached, or this build does not have what was asked for.
    case unavailable = 69
    /// EX_SOFTWARE: a fault of this program.
    case software = 70
    /// EX_CANTCREAT: the port is taken, or a file cannot be written.
    case cannotCreate = 73

    init(_ kind: StartupError.Kind) {
        switch kind {
        case .invalidSetting: self = .usage
        case .missingFile: self = .noInput
        case .invalidFile: self = .dataError
        case .databaseUnavailable, .redisUnavailable, .notInThisBuild: self = .unavailable
        case .addressInUse, .unwritableFile: self = .cannotCreate
        case .noSuchHost: self = .noHost
        default: self = .software
        }
    }
}
