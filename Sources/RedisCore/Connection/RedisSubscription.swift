public import NIOCore

/// What a client listens to: one channel, all channels that match a pattern, or one sharded channel (Redis 7).
public struct RedisSubscription: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case channel, pattern, shard

        var subscribe: String {
            switch self {
            case .channel: "SUBSCRIBE"
            case .pattern: "PSUBSCRIBE"
            case .shard: "SSUBSCRIBE"
            }
        }

        var unsubscribe: String {
            switch self {
            case .channel: "UNSUBSCRIBE"
            case .pattern: "PUNSUBSCRIBE"
            case .shard: "SUNSUBSCRIBE"
            }
        }
    }

    public let kind: Kind
    public let name: String

    /// By bytes, as Redis compares names: Swift's own comparison normalises them, in quadratic time where one letter has many marks.
    public static func == (left: RedisSubscription, right: RedisSubscription) -> Bool {
        left.kind == right.kind && left.name.utf8.elementsEqual(right.name.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        var name = name
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    private init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    public static func channel(_ name: String) -> RedisSubscription { RedisSubscription(.channel, name) }
    /// A glob-style pattern: `*`, `?`, `[…]`, and a backslash before a character that stands for itself.
    public static func pattern(_ pattern: String) -> RedisSubscription { RedisSubscription(.pattern, pattern) }
    public static func shard(_ name: String) -> RedisSubscription { RedisSubscription(.shard, name) }
}

/// What a subscriber hears, in this order: ``established``, messages, ``interrupted(_:)``, ``established`` again, and so on.
public enum RedisSubscriptionEvent: Sendable, Hashable {
    /// Redis confirmed. Messages that were published between an interruption and this are lost: the subscriber has to catch up by itself.
    case established
    /// - Parameters:
    ///   - channel: the name of the channel, also for a pattern.
    ///   - payload: shares memory with what was received.
    case message(channel: String, payload: ByteBuffer)
    /// The connection ended. The client subscribes again as soon as it can.
    case interrupted(RedisError)
    /// Redis refused; nothing more follows.
    case failed(RedisError)
}

/// The pushes of version 3 that belong to subscriptions.
enum RedisPush: Hashable {
    case message(RedisSubscription, channel: String, payload: ByteBuffer)
    case subscribed(RedisSubscription)
    case unsubscribed(RedisSubscription)
    /// Another kind, such as an invalidation: not ours.
    case other

    /// nil: the push has not the shape of its kind.
    init?(_ elements: [RESPValue]) {
        guard let kind = elements.first?.text else { return nil }
        switch kind {
        case "message", "smessage":
            guard elements.count == 3, let channel = elements[1].text, let payload = elements[2].bytes else { return nil }
            self = .message(kind == "message" ? .channel(channel) : .shard(channel), channel: channel, payload: payload)
        case "pmessage":
            guard elements.count == 4, let pattern = elements[1].text, let channel = elements[2].text, let payload = elements[3].bytes
            else { return nil }
            self = .message(.pattern(pattern), channel: channel, payload: payload)
        case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
            guard elements.count == 3, let name = elements[1].text else { return nil }
            switch kind {
            case "subscribe": self = .subscribed(.channel(name))
            case "psubscribe": self = .subscribed(.pattern(name))
            case "ssubscribe": self = .subscribed(.shard(name))
            case "unsubscribe": self = .unsubscribed(.channel(name))
            case "punsubscribe": self = .unsubscribed(.pattern(name))
            default: self = .unsubscribed(.shard(name))
            }
        default: self = .other
        }
    }
}
