import Foundation

/// Runs the body with a directory of its own, which is gone afterwards.
func withTemporaryDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("ClassroomStoreTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    do {
        let value = try await body(url.path)
        try FileManager.default.removeItem(at: url)
        return value
    } catch {
        try? FileManager.default.removeItem(at: url)
        throw error
    }
}
