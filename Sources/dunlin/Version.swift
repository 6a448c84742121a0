/// The version of the command, which reports of load tests record.
enum DunlinVersion {
    static let current = "0.1.0"
}
