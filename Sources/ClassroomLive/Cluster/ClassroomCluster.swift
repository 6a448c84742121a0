public import Classroom
public import NIOCore

/// What the nodes of one classroom share beside the database. The database stays the only truth: while this is out of reach a node goes on
/// without it, after a short wait.
public protocol ClassroomCluster: Sendable {
    /// Adds a message to the recent ones of its room.
    ///
    /// - Parameters:
    ///   - message: as JSON.
    ///   - completion: called once, on any thread, whether or not the message could be added.
    func keepRecent(
        roomID: String, message: ByteBuffer, sentAt: UnixMilliseconds, completion: @escaping @Sendable () -> Void)

    /// Takes a token from a bucket that all nodes fill and empty together.
    ///
    /// - Parameter completion: called once, on any thread. It gets nil if a token was taken or the cluster did not answer, otherwise the
    ///   milliseconds until the next token.
    func take(_ bucket: SharedBucket, completion: @escaping @Sendable (_ waitMs: Int?) -> Void)

    /// Keeps a value for all nodes for a while, unless a later version of it is kept. It may be lost at any time.
    func keep(_ value: SharedValue)
    /// A value that a node kept. Whoever can write to the cluster can have written anything.
    ///
    /// - Parameter completion: called once, on any thread. Nil: there is none, or the cluster did not answer.
    func kept(_ key: SharedKey, completion: @escaping @Sendable (ByteBuffer?) -> Void)

    /// Starts to tell the other nodes who is signed in here. Called once.
    ///
    /// - Parameter users: who is signed in on this node now; may be called from any thread.
    func start(users: @escaping @Sendable () -> Set<String>)
    /// Tells the other nodes that nobody is signed in here any more.
    func stop() async

    /// Users who were signed in on other nodes, and not on this one, a moment ago.
    var usersElsewhere: Int { get }
}

/// What nodes keep for each other is known by a name, for so long.
public struct SharedKey: Sendable, Hashable {
    public var name: String
    public var lifetimeMs: Int64

    public init(name: String, lifetimeMs: Int64) {
        self.name = name
        self.lifetimeMs = lifetimeMs
    }

    /// The id of the session that a join code belongs to. The time bounds for how long a change of the row by hand goes unnoticed.
    static func joinCode(_ code: String) -> SharedKey { SharedKey(name: "code:\(code)", lifetimeMs: 10_000) }
    /// The final board of a session. The time bounds for how long answers that are deleted by hand go on counting.
    static func board(_ sessionID: String) -> SharedKey { SharedKey(name: "board:\(sessionID)", lifetimeMs: 60_000) }
}

/// A value that nodes keep for each other, so that not each of them asks the database. Its version never goes back.
public struct SharedValue: Sendable, Hashable {
    public var key: SharedKey
    /// When the session was created, which tells it from an earlier one, and the version of what is kept of it.
    public var createdAt: UnixMilliseconds
    public var version: Int
    public var bytes: ByteBuffer

    public init(key: SharedKey, createdAt: UnixMilliseconds, version: Int, bytes: ByteBuffer) {
        self.key = key
        self.createdAt = createdAt
        self.version = version
        self.bytes = bytes
    }
}

/// A token bucket by its name, which is the same on all nodes.
public struct SharedBucket: Sendable, Hashable {
    public var name: String
    public var rule: TokenBucket.Rule

    public init(name: String, rule: TokenBucket.Rule) {
        self.name = name
        self.rule = rule
    }

    static func chat(_ userID: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "chat:\(userID)", rule: rule) }
    static func creations(_ userID: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "create:\(userID)", rule: rule) }
    static func joins(_ userID: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "join:\(userID)", rule: rule) }
    static func observations(_ userID: String, _ rule: TokenBucket.Rule) -> SharedBucket {
        SharedBucket(name: "observe:\(userID)", rule: rule)
    }
    static func guests(_ address: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "guests:\(address)", rule: rule) }
    static func guestChat(_ roomID: String, _ rule: TokenBucket.Rule) -> SharedBucket {
        SharedBucket(name: "guestchat:\(roomID)", rule: rule)
    }
    static func allGuestChat(_ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "guestchat", rule: rule) }
    static func api(_ userID: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "api:\(userID)", rule: rule) }
    static func answers(_ userID: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "answer:\(userID)", rule: rule) }
}

extension ClassroomCluster {
    /// Takes a token from each bucket in turn, up to the first that has none.
    func take(_ buckets: ArraySlice<SharedBucket>, completion: @escaping @Sendable (_ waitMs: Int?) -> Void) {
        guard let first = buckets.first else { return completion(nil) }
        take(first) { waitMs in
            if let waitMs { completion(waitMs) } else { take(buckets.dropFirst(), completion: completion) }
        }
    }

    /// ``kept(_:completion:)``, awaited.
    func kept(_ key: SharedKey) async -> ByteBuffer? {
        await withCheckedContinuation { continuation in
            kept(key) { continuation.resume(returning: $0) }
        }
    }

    /// ``take(_:completion:)``, awaited.
    func take(_ bucket: SharedBucket) async -> Int? {
        await withCheckedContinuation { continuation in
            take(bucket) { continuation.resume(returning: $0) }
        }
    }
}
