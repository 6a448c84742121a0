import Foundation

/// Reads the files that settings name.
public enum ConfigurationFile {
    /// No such file is larger; reading stops there.
    public static let maximumBytes = 64 << 20

    /// - Throws: a ``StartupError`` of kind `missingFile` when the file cannot be read, `invalidFile` when it is too large.
    public static func read(_ path: String) throws(StartupError) -> [UInt8] {
        let bytes: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            bytes = try file.read(upToCount: maximumBytes + 1) ?? Data()
        } catch {
            throw StartupError(.missingFile, "cannot read '\(path)': \(reason(error))")
        }
        guard bytes.count <= maximumBytes else { throw StartupError(.invalidFile, "'\(path)' is larger than \(maximumBytes >> 20) MiB") }
        return Array(bytes)
    }

    /// The same for a text: without the byte order mark that some editors write.
    static func readText(_ path: String) throws(StartupError) -> [UInt8] {
        let bytes = try read(path)
        return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? CocoaError {
            switch error.code {
            case .fileNoSuchFile, .fileReadNoSuchFile: return "no such file"
            case .fileReadNoPermission: return "permission denied"
            default: break
            }
        }
        return "not a readable file"
    }
}
