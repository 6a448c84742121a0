// swift-tools-version:6.2
import PackageDescription

// Warnings are errors where changes are judged; elsewhere a newer compiler's warning must not stop a build.
let strictness: [SwiftSetting] =
    Context.environment["DUNLIN_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

let features: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let settings = features + strictness

// Whoever needs only the server or the client depends on this package with `traits: []`, and these are not even fetched then
// (scripts/check-light-dependency.sh).
let withTLS: TargetDependencyCondition? = .when(traits: ["TLS"])
let withHummingbird: TargetDependencyCondition? = .when(traits: ["Hummingbird"])
let forApplications: TargetDependencyCondition? = .when(traits: ["Applications"])

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioConcurrency: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioTLSEvents: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl", condition: withTLS)
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let inMemoryLogging: Target.Dependency = .product(name: "InMemoryLogging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: withHummingbird)
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: withHummingbird)
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let bits: Target.Dependency = .product(name: "BitCollections", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let openSSL: Target.Dependency = .target(name: "COpenSSL", condition: .when(platforms: [.linux]))
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift", condition: forApplications)
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift", condition: forApplications)
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird", condition: withHummingbird)
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird", condition: withHummingbird)
let httpTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: withHummingbird)
let httpTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: withHummingbird)
let httpTypesCore: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types", condition: withHummingbird)
let yams: Target.Dependency = .product(name: "Yams", package: "Yams", condition: forApplications)
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration", condition: forApplications)
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift", condition: forApplications)
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser", condition: forApplications)

let package = Package(
    name: "dunlin",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SocketIOServer", targets: ["SocketIOServer"]),
        .library(name: "SocketIOHummingbird", targets: ["SocketIOHummingbird"]),
        .library(name: "SocketIOClient", targets: ["SocketIOClient"]),
        .library(name: "SocketIOTesting", targets: ["SocketIOTesting"]),
        .library(name: "Classroom", targets: ["Classroom"]),
        .library(name: "ClassroomStore", targets: ["ClassroomStore"]),
        .library(name: "ClassroomServer", targets: ["ClassroomServer"]),
        .library(name: "PrometheusMetrics", targets: ["PrometheusMetrics"]),
        .library(name: "RedisClient", targets: ["RedisClient", "RedisCore"]),
        .library(name: "RedisTesting", targets: ["RedisTesting"]),
        .library(name: "SocketIORedis", targets: ["SocketIORedis"]),
        .library(name: "LoadTesting", targets: ["LoadTesting"]),
        .executable(name: "dunlin", targets: ["dunlin"]),
        .executable(name: "echo-server", targets: ["echo-server"]),
        .executable(name: "chat", targets: ["chat"]),
        .executable(name: "conformance-server", targets: ["conformance-server"]),
        .executable(name: "echo-client", targets: ["echo-client"]),
        .executable(name: "websocket-echo", targets: ["websocket-echo"]),
        .executable(name: "embedded-classroom", targets: ["embedded-classroom"]),
        .executable(name: "cluster-node", targets: ["cluster-node"]),
    ],
    traits: [
        .trait(name: "TLS", description: "https and wss in SocketIOClient; RedisClient needs it. SwiftNIO SSL."),
        .trait(
            name: "Hummingbird", description: "SocketIOHummingbird and SocketIOTesting: a Hummingbird server.", enabledTraits: ["TLS"]),
        .trait(
            name: "Applications", description: "The classroom, load tests, the command and the examples, with their databases and formats.",
            enabledTraits: ["Hummingbird"]),
        .default(enabledTraits: ["Applications"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        // Without its traits, as Hummingbird has it: nothing more is compiled for the command's environment variables.
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "WebSocketCore", dependencies: ["CZlib", nioCore], swiftSettings: settings),
        .target(name: "EngineIOCore", dependencies: ["WebSocketCore", "CZlib", nioCore], swiftSettings: settings),
        .target(name: "JSONCore", dependencies: [nioCore], swiftSettings: settings),
        .target(name: "SocketIOCore", dependencies: ["JSONCore", nioCore], swiftSettings: settings),
        .target(name: "ChannelDescriptors", dependencies: [nioCore], swiftSettings: settings),
        .target(
            name: "SocketIOServer",
            dependencies: [
                "SocketIOCore", "EngineIOCore", "WebSocketCore", "ChannelDescriptors", nioCore, nioPosix, nioHTTP1, nioConcurrency, logging,
                metrics, deque, heap,
            ],
            resources: [.embedInCode("Browser/dunlin.js")],
            swiftSettings: settings),
        .target(
            name: "SocketIOClient",
            dependencies: [
                "SocketIOCore", "EngineIOCore", "WebSocketCore", "ChannelDescriptors", nioCore, nioPosix, nioHTTP1, nioTLS, nioTLSEvents,
                nioConcurrency, heap,
            ],
            swiftSettings: settings),
        .target(
            name: "SocketIOHummingbird",
            dependencies: [
                "SocketIOServer", nioCore, nioHTTP1, nioTLS, nioConcurrency, httpTypes, httpTypesHTTP1, hummingbird, hummingbirdCore,
                logging, lifecycle,
            ],
            swiftSettings: settings),
        .target(
            name: "SocketIOTesting",
            dependencies: [
                "SocketIOServer", "SocketIOClient", "SocketIOHummingbird", "SocketIOCore", "EngineIOCore", "WebSocketCore", hummingbird,
                nioCore, nioPosix, nioEmbedded, nioHTTP1, nioConcurrency, logging, lifecycle,
            ],
            swiftSettings: settings),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "SystemCrypto", dependencies: [openSSL], swiftSettings: settings),
        .target(name: "Classroom", dependencies: [bits], swiftSettings: settings),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(
            name: "ClassroomStore",
            dependencies: ["Classroom", "JSONCore", "SystemCrypto", "CPostgres", grdb, sqlite, nioConcurrency, deque, logging],
            swiftSettings: settings),
        .target(
            name: "ClassroomLive",
            dependencies: [
                "Classroom", "ClassroomStore", "SocketIOServer", "SocketIOCore", "JSONCore", "PrometheusMetrics", "SystemCrypto", nioCore,
                nioPosix, nioConcurrency, logging, deque,
            ],
            swiftSettings: settings),
        .target(
            name: "ClassroomHTTP",
            dependencies: [
                "ClassroomLive", "Classroom", "ClassroomStore", "SocketIOServer", "JSONCore", "PrometheusMetrics", "SystemCrypto",
                hummingbird, httpTypesCore, nioCore, nioConcurrency, logging, metrics, deque,
            ],
            resources: [.embedInCode("Pages"), .embedInCode("OpenAPI/openapi.yaml")],
            swiftSettings: settings),
        .target(
            name: "ClassroomServer",
            dependencies: [
                "ClassroomLive", "ClassroomHTTP", "Classroom", "ClassroomStore", "SocketIOServer", "SocketIOHummingbird",
                "SocketIORedis", "RedisClient", "RedisCore", "PrometheusMetrics", hummingbird, nioCore, nioPosix, nioTLS, nioConcurrency,
                logging, metrics, lifecycle, signals,
            ],
            swiftSettings: settings),
        .target(name: "PrometheusMetrics", dependencies: [coreMetrics, nioConcurrency], swiftSettings: settings),
        .target(name: "RedisCore", dependencies: ["SystemCrypto", nioCore, deque], swiftSettings: settings),
        .target(
            name: "RedisClient",
            dependencies: ["RedisCore", nioCore, nioPosix, nioTLS, nioTLSEvents, nioConcurrency, logging], swiftSettings: settings),
        .target(name: "RedisTesting", dependencies: ["RedisCore", nioCore, nioPosix, nioConcurrency], swiftSettings: settings),
        .target(
            name: "SocketIOClusterCore", dependencies: ["SocketIOCore", "WebSocketCore", "RedisCore", nioCore], swiftSettings: settings),
        .target(
            name: "SocketIORedis",
            dependencies: [
                "SocketIOClusterCore", "SocketIOServer", "SocketIOCore", "RedisClient", "RedisCore", nioCore, nioHTTP1, nioConcurrency,
                logging,
            ],
            swiftSettings: settings),
        .target(
            name: "LoadTesting",
            dependencies: [
                "SocketIOClient", "SocketIOCore", "JSONCore", "EngineIOCore", "PrometheusMetrics", "RedisCore", nioCore, nioPosix, nioTLS,
                nioHTTP1, nioConcurrency, "SystemCrypto", yams, histogram,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "dunlin",
            dependencies: [
                "ClassroomServer", "ClassroomStore", "Classroom", "PrometheusMetrics", "SocketIOHummingbird", "LoadTesting", "RedisClient",
                "RedisCore", hummingbird, nioCore, nioPosix, arguments, configuration, lifecycle, signals, logging, metrics,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "echo-server",
            dependencies: ["SocketIOHummingbird", "SocketIOServer", hummingbird, arguments, logging],
            path: "Examples/echo-server", swiftSettings: settings),
        .executableTarget(
            name: "chat", dependencies: ["SocketIOHummingbird", "SocketIOServer", hummingbird, httpTypesCore], path: "Examples/chat",
            swiftSettings: settings),
        .executableTarget(
            name: "conformance-server",
            dependencies: ["SocketIOHummingbird", "SocketIOServer", hummingbird, nioPosix, arguments, logging],
            path: "Examples/conformance-server", swiftSettings: settings),
        .executableTarget(
            name: "echo-client",
            dependencies: ["SocketIOClient", "EngineIOCore", nioCore, nioPosix, arguments],
            path: "Examples/echo-client", swiftSettings: settings),
        .executableTarget(
            name: "talk", dependencies: ["SocketIOHummingbird", hummingbird], path: "Examples/talk", swiftSettings: settings),
        .executableTarget(
            name: "cluster-node",
            dependencies: [
                "SocketIORedis", "SocketIOClusterCore", "SocketIOHummingbird", "SocketIOServer", "RedisClient", "RedisCore", hummingbird,
                nioCore, nioPosix, nioConcurrency, arguments, logging,
            ],
            path: "Examples/cluster-node", swiftSettings: settings),
        .executableTarget(
            name: "websocket-echo",
            dependencies: ["WebSocketCore", "SocketIOClient", nioCore, nioPosix, nioHTTP1, arguments],
            path: "Examples/websocket-echo", swiftSettings: settings),
        .executableTarget(
            name: "embedded-classroom", dependencies: ["ClassroomServer"], path: "Examples/embedded-classroom", swiftSettings: settings),
        .target(name: "CoreTestSupport", path: "Tests/CoreTestSupport", swiftSettings: settings),
        .testTarget(name: "WebSocketCoreTests", dependencies: ["WebSocketCore", "CoreTestSupport", nioCore], swiftSettings: settings),
        .testTarget(name: "EngineIOCoreTests", dependencies: ["EngineIOCore", nioCore], swiftSettings: settings),
        .testTarget(name: "JSONCoreTests", dependencies: ["JSONCore", "CoreTestSupport", nioCore], swiftSettings: settings),
        .testTarget(
            name: "SocketIOCoreTests", dependencies: ["SocketIOCore", "JSONCore", "CoreTestSupport", nioCore], swiftSettings: settings),
        .testTarget(
            name: "SocketIOServerTests",
            dependencies: [
                "SocketIOServer", "SocketIOTesting", "SocketIOCore", "EngineIOCore", "WebSocketCore", "CoreTestSupport", nioCore,
                nioEmbedded, nioPosix, nioHTTP1, nioConcurrency, logging, inMemoryLogging, heap,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SocketIOClientTests",
            dependencies: [
                "SocketIOClient", "SocketIOTesting", "SocketIOServer", "SocketIOCore", "EngineIOCore", "WebSocketCore", nioCore, nioPosix,
                nioEmbedded, nioTLS, nioConcurrency,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SocketIOTestingTests",
            dependencies: [
                "SocketIOTesting", "SocketIOHummingbird", "SocketIOServer", "SocketIOClient", "EngineIOCore", "WebSocketCore",
                hummingbird, nioCore, nioConcurrency, logging, lifecycle,
            ], swiftSettings: settings),
        .testTarget(name: "SystemCryptoTests", dependencies: ["SystemCrypto"], swiftSettings: settings),
        .testTarget(name: "ClassroomTests", dependencies: ["Classroom", "CoreTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "ClassroomStoreTests",
            dependencies: ["ClassroomStore", "Classroom", "JSONCore", "CoreTestSupport", grdb, nioConcurrency, logging],
            swiftSettings: settings),
        .testTarget(name: "RedisCoreTests", dependencies: ["RedisCore", "CoreTestSupport", nioCore], swiftSettings: settings),
        .testTarget(
            name: "RedisClientTests",
            dependencies: [
                "RedisClient", "RedisCore", "RedisTesting", "RedisTestSupport", nioCore, nioPosix, nioTLS, nioConcurrency, logging,
            ], swiftSettings: settings),
        .testTarget(
            name: "SocketIOClusterCoreTests", dependencies: ["SocketIOClusterCore", "SocketIOCore", "RedisCore", nioCore],
            swiftSettings: settings),
        .target(
            name: "RedisTestSupport", dependencies: ["CoreTestSupport", "RedisTesting", "RedisCore", nioCore, nioPosix, nioConcurrency],
            path: "Tests/RedisTestSupport",
            swiftSettings: settings),
        .testTarget(
            name: "SocketIORedisTests",
            dependencies: [
                "SocketIORedis", "SocketIOClusterCore", "SocketIOTesting", "SocketIOServer", "SocketIOClient", "SocketIOCore",
                "EngineIOCore",
                "RedisClient", "RedisCore", "RedisTesting", "RedisTestSupport", nioCore, nioPosix, nioConcurrency, logging,
            ], swiftSettings: settings),
        .testTarget(name: "PrometheusMetricsTests", dependencies: ["PrometheusMetrics", coreMetrics], swiftSettings: settings),
        .testTarget(
            name: "LoadTestingTests",
            dependencies: [
                "LoadTesting", "SocketIOTesting", "SocketIOServer", "SocketIOCore", "WebSocketCore", "JSONCore", "PrometheusMetrics",
                "RedisTesting", "RedisCore", "SocketIOClient", hummingbird, nioCore, nioPosix, nioConcurrency,
            ],
            swiftSettings: settings),
        .target(
            name: "ClassroomTestSupport", dependencies: ["CoreTestSupport", "ClassroomStore", "Classroom", nioConcurrency],
            path: "Tests/ClassroomTestSupport",
            swiftSettings: settings),
        .testTarget(
            name: "ClassroomLiveTests",
            dependencies: [
                "ClassroomTestSupport", "SocketIOTesting", "ClassroomLive", "ClassroomStore", "Classroom", "SocketIOServer", "SocketIOCore",
                "JSONCore", "SystemCrypto", nioCore, nioConcurrency, logging, openSSL,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ClassroomHTTPTests",
            dependencies: [
                "ClassroomTestSupport", "ClassroomHTTP", "ClassroomLive", "ClassroomStore", "Classroom", "SocketIOServer",
                "JSONCore", "PrometheusMetrics", hummingbird, httpTypesCore, nioCore, nioEmbedded, nioConcurrency, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ClassroomServerTests",
            dependencies: [
                "ClassroomServer", "ClassroomHTTP", "ClassroomLive", "ClassroomStore", "Classroom", "SocketIOServer", "SocketIOTesting",
                "RedisClient", "RedisCore", "RedisTesting", "RedisTestSupport", nioCore, nioPosix, nioConcurrency, logging, lifecycle,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DunlinCommandTests",
            dependencies: ["dunlin", "ClassroomServer", "ClassroomStore", "Classroom", arguments, logging], swiftSettings: settings),
    ]
)
