import ClassroomLive
public import ClassroomStore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension StartupError {
    /// Why the database could not be opened.
    public init(_ error: StoreError) {
        switch error.kind {
        case .invalidURL: self.init(.invalidSetting, error.description)
        case .unsupported: self.init(.notInThisBuild, error.description)
        case .unwritable: self.init(.unwritableFile, error.description)
        default: self.init(.databaseUnavailable, error.description)
        }
    }

    /// Why tokens cannot be checked.
    init(_ error: JWTKeyError) { self.init(.invalidFile, error.description) }

    /// Why the port could not be opened.
    init(binding address: String, failedWith error: any Error) {
        switch error {
        case let error as StartupError:
            self = error
        case let error as IOError where error.errnoCode == EADDRINUSE:
            self.init(.addressInUse, "\(address) is taken by another program")
        case let error as IOError where error.errnoCode == EACCES:
            self.init(.addressInUse, "\(address) may not be used: permission denied")
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
            self.init(.noSuchHost, "\(address) is no address of this machine")
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            self.init(.noSuchHost, "\(address) is no address of this machine")
        default:
            self.init(.addressInUse, "cannot listen on \(address): \(error)")
        }
    }
}
