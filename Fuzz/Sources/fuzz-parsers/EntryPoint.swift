import Foundation
import NIOCore

/// A parser under test: takes bytes and stops the process when a property does not hold.
enum Target: String {
    case websocket, polling, engine, socketio, json

    /// The one that DUNLIN_FUZZ_TARGET names.
    static let chosen: Target = {
        let name = ProcessInfo.processInfo.environment["DUNLIN_FUZZ_TARGET"] ?? ""
        guard let target = Target(rawValue: name) else {
            FileHandle.standardError.write(Data("DUNLIN_FUZZ_TARGET must be websocket, polling, engine, socketio or json\n".utf8))
            exit(64)
        }
        return target
    }()

    func run(_ bytes: [UInt8]) {
        switch self {
        case .websocket: WebSocketTarget.run(bytes)
        case .polling: PollingTarget.run(bytes)
        case .engine: EngineTarget.run(bytes)
        case .socketio: SocketIOTarget.run(bytes)
        case .json: JSONTarget.run(bytes)
        }
    }
}

/// Called by libFuzzer with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Target.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// A property. Stops the process, so that libFuzzer keeps the input.
func check(_ holds: @autoclosure () -> Bool, _ property: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line) {
    guard !holds() else { return }
    fatalError("does not hold: \(property())", file: file, line: line)
}

/// Bytes cut into pieces at places that the bytes themselves choose: the same input is always cut the same way.
func pieces(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var rest = bytes
    var state = bytes.reduce(UInt32(17)) { ($0 &* 31) &+ UInt32($1) }
    while !rest.isEmpty {
        state = state &* 1_664_525 &+ 1_013_904_223
        let piece = rest.prefix(1 + Int(state >> 24) % 17)
        pieces.append(piece)
        rest = rest.dropFirst(piece.count)
    }
    return pieces
}
