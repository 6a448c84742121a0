import Foundation
import NIOCore
import RedisCore

/// One run's keys in Redis. Machines report on one stream and read orders from another. A key that expires after seconds shows that the
/// coordinator is still there.
struct RunBoard: Sendable {
    /// The stream of runs that look for machines.
    static let runs = "dunlin:load:runs"
    /// How long the run counts as open after the coordinator's last sign of life.
    static let openTime = Duration.seconds(15)
    /// The lifetime of a run's keys, in case the coordinator does not delete them.
    static let keepTime = Duration.seconds(3600)
    /// The size of the stream entries into which a long text is cut.
    static let chunkBytes = 512 << 10
    /// The maximum size of the script with its payloads.
    static let maximumAssignmentBytes = 64 << 20

    let id: String
    /// For commands that do not wait.
    let redis: any RedisCommands
    /// For reads that wait, because they delay all later commands of their connection.
    let waiting: any RedisCommands

    private var open: String { "dunlin:load:\(id):open" }
    private var orders: String { "dunlin:load:\(id):orders" }
    private var reports: String { "dunlin:load:\(id):reports" }
    private var assignment: String { "dunlin:load:\(id):assignment" }

    // MARK: The coordinator

    func announce() async throws(RedisError) {
        try await renew()
        // Machines report only to a stream that exists, so that a late report does not bring back the stream of a finished run.
        try await redis.addToStream(reports, [("opened", "1")])
        try await redis.expire(reports, in: Self.keepTime)
        try await offer()
    }

    /// Offers the run to machines. A machine that left because it took the run for closed comes back.
    func offer() async throws(RedisError) {
        try await redis.addToStream(Self.runs, [("run", .text(id))], maximumLength: 100)
        try await redis.expire(Self.runs, in: Self.keepTime)
    }

    /// A sign of life.
    ///
    /// - Returns: false if the last one was so long ago that machines took the run for closed.
    @discardableResult
    func renew() async throws(RedisError) -> Bool {
        let wasOpen = try await isOpen()
        try await redis.set(self.open, "1", expiresIn: Self.openTime)
        return wasOpen
    }

    func give(_ order: MachineOrder) async throws {
        try await redis.addToStream(orders, [("order", .text(try Self.text(order)))])
        try await redis.expire(orders, in: Self.keepTime)
    }

    /// The script and everything that all machines share, in pieces.
    func publish(_ assignment: WorkerAssignment) async throws {
        let text = try Self.text(assignment)
        guard text.utf8.count <= Self.maximumAssignmentBytes else {
            throw MachineCoordinator.Failure(
                description: "the script with its payloads takes more than \(Self.maximumAssignmentBytes >> 20) MiB and cannot be sent")
        }
        for (chunk, _) in Self.chunks(of: text) {
            try await redis.addToStream(self.assignment, [("text", .bytes(chunk))])
        }
        try await redis.expire(self.assignment, in: Self.keepTime)
    }

    /// Reads the reports after an entry and deletes older ones. Returns the id of the last report beside them.
    func readReports(after last: String, waiting: Duration) async throws(RedisError) -> (entries: [RedisStreamEntry], last: String) {
        let entries = try await self.waiting.readStream(reports, after: last, count: 64, waiting: waiting)
        guard let newest = entries.last?.id else { return ([], last) }
        _ = try await redis.send("XTRIM", .text(reports), "MINID", "~", .text(newest))
        return (entries, newest)
    }

    /// Deletes all keys of the run.
    func remove() async throws(RedisError) {
        try await redis.delete(self.open, orders, reports, assignment)
    }

    // MARK: Machines

    func isOpen() async throws(RedisError) -> Bool { try await redis.exists(self.open) }

    func readOrders(after last: String, waiting: Duration) async throws -> (orders: [MachineOrder], last: String) {
        let entries = try await self.waiting.readStream(orders, after: last, waiting: waiting)
        return (try entries.map { try Self.value($0["order"]) }, entries.last?.id ?? last)
    }

    func readAssignment() async throws -> WorkerAssignment {
        var text = ByteBuffer()
        var next = "-"
        while true {
            let entries = try await redis.streamRange(assignment, from: next, count: 8)
            guard let last = entries.last else { break }
            for entry in entries {
                if let chunk = entry["text"] { text.writeImmutableBuffer(chunk) }
            }
            next = "(\(last.id)"
        }
        return try Self.value(text)
    }

    /// - Parameter number: counts the machine's reports, so that a report that is sent twice is taken once.
    func tell(_ text: String, from machine: String, number: Int) async throws(RedisError) {
        for (index, (chunk, isLast)) in Self.chunks(of: text).enumerated() {
            _ = try await redis.send(
                "XADD", .text(reports), "NOMKSTREAM", "*", "machine", .text(machine), "number", .integer(Int64(number)), "part",
                .integer(Int64(index)), "last", isLast ? "1" : "0", "text", .bytes(chunk))
        }
    }

    func keepReports() async throws(RedisError) { try await self.redis.expire(self.reports, in: Self.keepTime) }

    // MARK: Texts

    static func text(_ value: some Encodable) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }

    static func value<Value: Decodable>(_ bytes: ByteBuffer?) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data((bytes ?? ByteBuffer()).readableBytesView))
    }

    private static func chunks(of text: String) -> [(chunk: ByteBuffer, isLast: Bool)] {
        var rest = ByteBuffer(string: text)
        var chunks: [(ByteBuffer, Bool)] = []
        repeat {
            let chunk = rest.readSlice(length: min(rest.readableBytes, Self.chunkBytes)) ?? ByteBuffer()
            chunks.append((chunk, rest.readableBytes == 0))
        } while rest.readableBytes > 0
        return chunks
    }
}

/// Reassembles the reports of a run's machines from their parts, each report once.
struct ReportAssembler {
    private struct Machine {
        var lastNumber = -1
        var part = 0
        var text = ByteBuffer()
    }

    private var machines: [String: Machine] = [:]

    /// - Returns: the machine and its report. Nil if parts are missing, or if the report was taken before.
    mutating func take(_ entry: RedisStreamEntry) -> (machine: String, report: MachineReport)? {
        guard let id = entry["machine"].map({ String(buffer: $0) }), let number = Self.number(entry["number"]),
            let part = Self.number(entry["part"]), let chunk = entry["text"]
        else { return nil }
        var machine = machines[id] ?? Machine()
        defer { machines[id] = machine }
        guard number > machine.lastNumber else { return nil }
        // A report that was interrupted begins again with its first part.
        if part == 0 { (machine.part, machine.text) = (0, ByteBuffer()) }
        guard part == machine.part else { return nil }
        machine.text.writeImmutableBuffer(chunk)
        machine.part += 1
        guard entry["last"].map({ String(buffer: $0) }) == "1" else { return nil }
        machine.lastNumber = number
        defer { machine.text = ByteBuffer() }
        guard let report: MachineReport = try? RunBoard.value(machine.text) else { return nil }
        return (id, report)
    }

    private static func number(_ bytes: ByteBuffer?) -> Int? { bytes.flatMap { Int(String(buffer: $0)) } }
}

/// Redis's clock, by which all machines of a run agree on a time.
enum RedisTime {
    static func microseconds(_ redis: any RedisCommands) async throws(RedisError) -> Int64 {
        let reply = try await redis.send("TIME")
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].text.flatMap({ Int64($0) }),
            let rest = parts[1].text.flatMap({ Int64($0) })
        else { throw RedisError(.unexpectedReply, "TIME") }
        return seconds * 1_000_000 + rest
    }

    /// This machine's uptime at a time of Redis's clock, from the fastest of five answers, which is the most precise one.
    ///
    /// - Parameter microseconds: since 1970, by Redis's clock.
    static func uptimeNanoseconds(at microseconds: Int64, _ redis: any RedisCommands) async throws(RedisError) -> UInt64 {
        var best: (trip: UInt64, uptime: UInt64, time: Int64)?
        for _ in 0..<5 {
            let before = NIODeadline.now().uptimeNanoseconds
            let time = try await Self.microseconds(redis)
            let trip = NIODeadline.now().uptimeNanoseconds - before
            if trip < best?.trip ?? .max { best = (trip, before + trip / 2, time) }
        }
        guard let best else { return NIODeadline.now().uptimeNanoseconds }
        let distance = (microseconds - best.time) * 1_000
        return distance >= 0 ? best.uptime + UInt64(distance) : best.uptime - min(UInt64(-distance), best.uptime)
    }
}
