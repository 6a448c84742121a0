import Foundation

/// The messages of a worker process to the process that started it: a line of JSON each, on standard output.
public enum WorkerMessage: Sendable, Codable {
    /// Sent once per second.
    case progress(WorkerProgress)
    /// The measurements of one period, each sent once.
    case period(WorkerPeriod)
    /// Audit and health, sent once when the last user has finished.
    case ended(WorkerEnd)
    /// The text of a `log` step.
    case log(String)

    public var line: String {
        // Encoding cannot fail: a message holds only numbers, texts and arrays of them.
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Nil if the line is not a message.
    public init?(line: String) {
        guard let message = try? JSONDecoder().decode(WorkerMessage.self, from: Data(line.utf8)) else { return nil }
        self = message
    }
}

/// Counts since the beginning, for the live view.
public struct WorkerProgress: Sendable, Codable {
    var counts = LoopPlayer.Glance()
    var activeUsers = 0
}

public struct WorkerPeriod: Sendable, Codable {
    /// From 0.
    var number: Int
    var measurements: Measurements
    var activeUsers: Int
}

public struct WorkerEnd: Sendable, Codable {
    var seconds: Double
    var health: GeneratorHealth
    var audit: DeliveryAudit
}

extension LatencyHistogram: Codable {
    private enum CodingKeys: String, CodingKey { case buckets, sum, minimum, maximum }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let flat = try values.decode([UInt64].self, forKey: .buckets)
        let buckets = stride(from: 0, to: flat.count - flat.count % 2, by: 2).map { (microseconds: flat[$0], count: flat[$0 + 1]) }
        self.init(
            buckets: buckets, sumNanoseconds: try values.decode(Double.self, forKey: .sum),
            minimumNanoseconds: try values.decode(Int64.self, forKey: .minimum),
            maximumNanoseconds: try values.decode(Int64.self, forKey: .maximum))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(buckets.flatMap { [$0.microseconds, $0.count] }, forKey: .buckets)
        try values.encode(sumNanoseconds, forKey: .sum)
        try values.encode(minimumNanoseconds, forKey: .minimum)
        try values.encode(maximumNanoseconds, forKey: .maximum)
    }
}
