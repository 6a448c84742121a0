import NIOCore
import SocketIOCore
import Testing

@testable import SocketIOClusterCore

@Suite("MessagePack, as Node's libraries write it")
struct MessagePackTests {
    private func read(_ bytes: ByteBuffer, _ limits: ClusterLimits = ClusterLimits()) throws(ClusterCodingError) -> ClusterDocument {
        try ClusterDocument(messagePack: bytes, limits: limits)
    }

    private func write(_ json: String, _ attachments: [UInt8]...) throws -> String {
        var writer = MessagePackWriter(attachments: attachments.map { ByteBuffer(bytes: $0) })
        try writer.write(JSONSlice(json))
        return hexText(writer.buffer)
    }

    private func failure(_ text: String, _ limits: ClusterLimits = ClusterLimits()) -> ClusterCodingError.Code? {
        do throws(ClusterCodingError) {
            _ = try read(hex(text), limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("values are written like theirs, and read back", arguments: Vectors.values.indices)
    func vectors(index: Int) throws {
        let (json, text) = Vectors.values[index]
        #expect(try write(json) == text)
        #expect(try read(hex(text)).root.description == json)
    }

    @Test("numbers in JSON's other forms, and beyond what an integer holds")
    func numbers() throws {
        #expect(try write("1e3") == "cd03e8")
        #expect(try write("-0") == "00")
        #expect(try write("2.0") == "02")
        #expect(try write("18446744073709551615") == "cfffffffffffffffff")
        #expect(try write("1e20") == "cb4415af1d78b58c40")
        #expect(try write("-1e999") == "cbfff0000000000000")
        #expect(try read(hex("cb7ff0000000000000")).root.isNull)
        #expect(try read(hex("ca3dcccccd")).root.description == "0.1")
        #expect(try read(hex("cf0000000000000001")).root.description == "1")
    }

    @Test("bytes become attachments with their places, and come back")
    func binary() throws {
        let text = "94a362696ec4030102ff82a162c400a16391c403616263c0"
        let document = try read(hex(text))
        #expect(document.root.description == Vectors.binaryEvent)
        #expect(document.attachments == Vectors.binaries.map { ByteBuffer(bytes: $0) })
        var writer = MessagePackWriter(attachments: document.attachments)
        try writer.write(document.root)
        #expect(hexText(writer.buffer) == text)
        // 8, 16 and 32 bits of length.
        for count in [255, 256, 65_535, 65_536] {
            var writer = MessagePackWriter(attachments: [ByteBuffer(repeating: 7, count: count)])
            try writer.write(JSONSlice(#"{"_placeholder":true,"num":0}"#))
            #expect(writer.buffer.readableBytes == count + (count <= 255 ? 2 : count <= 65_535 ? 3 : 5))
            #expect(try read(writer.buffer).attachments == [ByteBuffer(repeating: 7, count: count)])
        }
    }

    @Test("their extensions: undefined, dates, array buffers")
    func extensions() throws {
        #expect(try read(hex("d40000")).root.isNull)
        #expect(try read(hex("c702000102")).attachments == [ByteBuffer(bytes: [1, 2])])
        for (text, date) in [
            ("d7000000000000000000", "1970-01-01T00:00:00.000Z"), ("d6ff00000000", "1970-01-01T00:00:00.000Z"),
            ("d7000000018bcfe5687b", "2023-11-14T22:13:20.123Z"), ("d7ff1d5353006553f100", "2023-11-14T22:13:20.123Z"),
            ("c70cff00000000ffffffffffffffff", "1969-12-31T23:59:59.000Z"),
        ] {
            #expect(try read(hex(text)).root.string == date)
        }
    }

    @Test("the calendar, over leap days, centuries and the ends of JavaScript's time")
    func calendar() {
        for (milliseconds, text) in [
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"), (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
        ] as [(Int64, String)] {
            #expect(CalendarDate(milliseconds: milliseconds).text == text)
        }
    }

    @Test(
        "what is no MessagePack is refused",
        arguments: [
            ("", .truncated), ("c1", .unknownType), ("cc", .truncated), ("92c0", .truncated), ("dfffffffff", .truncated),
            ("ddffffffff", .truncated), ("dbffffffff61", .truncated), ("c6ffffffff61", .truncated), ("c0c0", .trailingBytes),
            ("81c0c0", .invalidKey), ("8190c0", .invalidKey), ("d50000", .unknownType), ("d40500", .unknownType), ("c70000", nil),
            ("81ac5f706c616365686f6c646572c3", .invalidPlaceholder),
        ] as [(String, ClusterCodingError.Code?)])
    func invalid(text: String, code: ClusterCodingError.Code?) {
        #expect(failure(text) == code)
    }

    @Test("limits hold at n and break at n + 1")
    func limits() {
        let limits = ClusterLimits(maximumMessageBytes: 12, maximumDepth: 3, maximumAttachments: 2)
        #expect(failure("919191c0", limits) == nil)
        #expect(failure("91919191c0", limits) == .tooDeep)
        #expect(failure("92c400c400", limits) == nil)
        #expect(failure("93c400c400c400", limits) == .tooManyAttachments)
        #expect(failure("9b" + String(repeating: "c0", count: 11), limits) == nil)
        #expect(failure("9c" + String(repeating: "c0", count: 12), limits) == .tooLong)
    }

    @Test("a placeholder that names no attachment is refused")
    func placeholders() throws {
        for json in [
            #"[{"_placeholder":true,"num":1}]"#, #"[{"_placeholder":true,"num":-1}]"#, #"[{"_placeholder":true,"num":"0"}]"#,
            #"[{"_placeholder":false,"num":0}]"#, #"[{"_placeholder":true}]"#,
        ] {
            #expect(throws: ClusterCodingError(.invalidPlaceholder)) { try write(json, [1]) }
        }
    }

    @Test("each prefix of a message is refused, and random damage never stops the reader", arguments: 0..<300 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        let whole = hex(
            "93a675696430787883a47479706502a46461746194a362696ec4030102ff82a162c400a16391c403616263d40000a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380"
        )
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let prefix = ByteBuffer(bytes: whole.readableBytesView.prefix(next(whole.readableBytes)))
        #expect(failure(hexText(prefix)) == .truncated)
        var bytes = Array(whole.readableBytesView)
        for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
        do throws(ClusterCodingError) {
            let document = try read(ByteBuffer(bytes: bytes))
            // What was read is one valid JSON text.
            #expect(throws: Never.self) { try JSONSlice(validating: document.root.bytes) }
        } catch {
            #expect(error.description.hasPrefix("cluster message"))
        }
    }
}
