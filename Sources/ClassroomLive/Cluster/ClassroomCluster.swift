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

    /// Starts to tell the other nodes who is signed in here. Called once.
    ///
    /// - Parameter users: who is signed in on this node now; may be called from any thread.
    func start(users: @escaping @Sendable () -> Set<String>)
    /// Tells the other nodes that nobody is signed in here any more.
    func stop() async

    /// Users who were signed in on other nodes, and not on this one, a moment ago.
    var usersElsewhere: Int { get }
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
    static func guests(_ address: String, _ rule: TokenBucket.Rule) -> SharedBucket { SharedBucket(name: "guests:\(address)", rule: rule) }
    static func guestChat(_ roomID: String, _ rule: TokenBucket.Rule) -> SharedBucket {
        SharedBucket(name: "guestchat:\(roomID)", rule: rule)
    }
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

    /// ``take(_:completion:)``, awaited.
    func take(_ bucket: SharedBucket) async -> Int? {
        await withCheckedContinuation { continuation in
            take(bucket) { continuation.resume(returning: $0) }
        }
    }
}
