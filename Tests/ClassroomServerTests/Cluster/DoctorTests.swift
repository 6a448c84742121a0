import Foundation
import NIOConcurrencyHelpers
import RedisCore
import RedisTesting
import Testing

@testable import ClassroomServer

@Suite("What a deployment lacks")
struct DoctorTests {
    private func findings(
        now: Int64 = 1_700_000_000_000, patience: Duration = .seconds(120), _ change: (inout ClassroomConfiguration) -> Void
    ) async -> [String: Doctor.Finding] {
        let configuration = ClassroomConfiguration {
            $0.database = "memory:"
            $0.port = 0
            change(&$0)
        }
        let list = await Doctor(configuration: configuration, patience: patience, now: { now }).examine()
        return Dictionary(list.map { ($0.part, $0) }, uniquingKeysWith: { first, _ in first })
    }

    @Test("a memory database is advised against, one on disk is not")
    func database() async {
        #expect(await findings { _ in }["database"]?.verdict == .advice)
        let file = FileManager.default.temporaryDirectory.appending(path: "doctor-\(UUID().uuidString).sqlite")
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file.path + end) } }
        #expect(await findings { $0.database = "sqlite:\(file.path)" }["database"]?.verdict == .ok)
        #expect(await findings { $0.database = "sqlite:/nowhere/at/all.sqlite" }["database"]?.verdict == .fault)
    }

    @Test("Redis answers or not, and its clock is compared with this one's")
    func redis() async throws {
        let redis = try await InMemoryRedis.start(time: .stopped(at: 1_700_000_000_000))
        let url = "redis://:hunter2@127.0.0.1:\(redis.port)"
        let right = await findings(now: 1_700_000_000_900) { $0.redis = "redis://127.0.0.1:\(redis.port)" }
        #expect(right["redis"]?.verdict == .ok && right["clocks"]?.verdict == .ok)
        let late = await findings(now: 1_700_000_001_001) { $0.redis = "redis://127.0.0.1:\(redis.port)" }
        #expect(late["clocks"]?.verdict == .advice && late["clocks"]?.text.contains("1001 ms") == true)
        await redis.shutDown()
        let gone = await findings(patience: .milliseconds(1)) { $0.redis = url }
        #expect(gone["redis"]?.verdict == .fault && gone["redis"]?.text.contains("hunter2") == false)
        #expect(await findings { _ in }["redis"]?.verdict == .ok)
    }

    @Test("a time of Redis that nobody could reckon with is none")
    func strangeTime() {
        func time(_ seconds: Int64, _ microseconds: Int64) -> Int64? {
            RedisLink.milliseconds(.array([.text("\(seconds)"), .text("\(microseconds)")]))
        }
        #expect(time(1_700_000_000, 999_999) == 1_700_000_000_999 && time(0, 0) == 0)
        #expect(time(1 << 40, 0) == 1_000 << 40 && time(1 << 40 + 1, 0) == nil)
        for number in [Int64.min, -1, .max] { #expect(time(number, 0) == nil && time(0, number) == nil) }
        #expect(time(0, 1_000_000) == nil)
        for reply in [RESPValue.null, .array([]), .array([.integer(1)]), .array([.text("a"), .text("b")]), .text("1")] {
            #expect(RedisLink.milliseconds(reply) == nil)
        }
    }

    @Test("the time that Redis takes to answer is no difference of clocks")
    func slowAnswer() async throws {
        let redis = try await InMemoryRedis.start(time: .stopped(at: 1_700_000_000_000))
        let configuration = ClassroomConfiguration {
            $0.database = "memory:"
            $0.port = 0
            $0.redis = "redis://127.0.0.1:\(redis.port)"
        }
        let readings = NIOLockedValueBox<[Int64]>([1_699_999_998_000, 1_700_000_002_000])
        let doctor = Doctor(configuration: configuration, patience: .seconds(120), now: { readings.withLockedValue { $0.removeFirst() } })
        let clocks = await doctor.examine().first { $0.part == "clocks" }
        #expect(clocks?.verdict == .ok && clocks?.text.contains("0 ms") == true)
        await redis.shutDown()
    }

    @Test("what clients meet: TLS, origins, names")
    func clients() async {
        let local = await findings { _ in }
        #expect(local["tls"]?.verdict == .ok && local["origins"]?.verdict == .ok && local["port"]?.verdict == .ok)
        let open = await findings { $0.hostname = "0.0.0.0" }
        #expect(open["tls"]?.verdict == .advice && open["origins"]?.verdict == .advice)
        let behind = await findings {
            $0.hostname = "0.0.0.0"
            $0.publicURL = "https://school.example"
            $0.trustedProxies = ["10.0.0.1"]
        }
        let sharesLimits = await findings { $0.publicURL = "https://school.example" }
        #expect(sharesLimits["origins"]?.text.contains("--trusted-proxy") == true)
        #expect(behind["tls"]?.verdict == .ok && behind["origins"]?.verdict == .ok)
        #expect(await findings { $0.allowedOrigins = ["http://school.example"] }["origins"]?.verdict == .advice)
        #expect(await findings { $0.tls = TLSFiles(certificate: "/nowhere", key: "/nowhere") }["tls"]?.verdict == .fault)
        #expect(await findings { $0.port = -1 }["settings"]?.verdict == .fault)
    }
}
