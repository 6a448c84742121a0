/// Names a connection of one loop without keeping it alive. A slot is used again, the generation tells its tenants apart.
struct ConnectionSlot: Hashable, Sendable {
    let index: UInt32
    let generation: UInt32
}

/// The connections of one event loop.
struct ConnectionTable {
    private struct Cell {
        var generation: UInt32 = 0
        var connection: EngineConnection?
    }

    private var cells: [Cell] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    mutating func reserve() -> ConnectionSlot {
        if let index = free.popLast() { return ConnectionSlot(index: index, generation: cells[Int(index)].generation) }
        cells.append(Cell())
        return ConnectionSlot(index: UInt32(cells.count - 1), generation: 0)
    }

    mutating func insert(_ connection: EngineConnection, at slot: ConnectionSlot) {
        cells[Int(slot.index)].connection = connection
        count += 1
    }

    mutating func remove(_ slot: ConnectionSlot) {
        guard self[slot] != nil else { return }
        cells[Int(slot.index)].connection = nil
        cells[Int(slot.index)].generation &+= 1
        free.append(slot.index)
        count -= 1
    }

    subscript(slot: ConnectionSlot) -> EngineConnection? {
        let cell = cells[Int(slot.index)]
        return cell.generation == slot.generation ? cell.connection : nil
    }

    var all: [EngineConnection] { cells.compactMap(\.connection) }
}
