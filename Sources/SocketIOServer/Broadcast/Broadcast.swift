/// An event on its way to rooms, the same for every loop.
struct Broadcast: Sendable {
    let packet: EncodedPacket
    /// Room names or socket ids; empty: everybody.
    let targets: [String]
    /// Room names or socket ids whose members do not get it.
    let exceptions: [String]
    let isVolatile: Bool
}
