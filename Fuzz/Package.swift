// swift-tools-version:6.2
import PackageDescription

// The cores alone, with libFuzzer's instrumentation: `scripts/fuzz-parsers.sh` builds and runs it. A package of its own, so that the product's
// build knows nothing of it; the sources are links to the product's.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

let package = Package(
    name: "dunlin-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0")],
    targets: [
        .target(name: "JSONCore", dependencies: [nioCore], swiftSettings: settings),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .target(name: "WebSocketCore", dependencies: ["CZlib", nioCore], swiftSettings: settings),
        .target(name: "EngineIOCore", dependencies: ["WebSocketCore", nioCore], swiftSettings: settings),
        .target(name: "SocketIOCore", dependencies: ["JSONCore", "EngineIOCore", nioCore], swiftSettings: settings),
        .executableTarget(
            name: "fuzz-parsers", dependencies: ["JSONCore", "WebSocketCore", "EngineIOCore", "SocketIOCore", nioCore],
            swiftSettings: settings),
    ]
)
