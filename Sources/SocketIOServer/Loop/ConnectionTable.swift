/// Names a connection of one loop without keeping it alive. Slots are reused; the generation distinguishes their connections.
struct ConnectionSlot: Hashable, Sendable {
    let index: UInt32
    let generation: UInt32
}

/// The sessions of one event loop.
typealias ConnectionTable = SlotTable<EngineConnection>

/// Objects by slot.
struct SlotTable<Tenant: AnyObject> {
    private struct Cell {
        var generation: UInt32 = 0
        var tenant: Tenant?
    }

    private var cells: [Cell] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    mutating func reserve() -> ConnectionSlot {
        if let index = free.popLast() { return ConnectionSlot(index: index, generation: cells[Int(index)].generation) }
        cells.append(Cell())
        return ConnectionSlot(index: UInt32(cells.count - 1), generation: 0)
    }

    mutating func insert(_ tenant: Tenant, at slot: ConnectionSlot) {
        cells[Int(slot.index)].tenant = tenant
        count += 1
    }

    mutating func remove(_ slot: ConnectionSlot) {
        guard self[slot] != nil else { return }
        cells[Int(slot.index)].tenant = nil
        cells[Int(slot.index)].generation &+= 1
        free.append(slot.index)
        count -= 1
    }

    subscript(slot: ConnectionSlot) -> Tenant? {
        let cell = cells[Int(slot.index)]
        return cell.generation == slot.generation ? cell.tenant : nil
    }

    var all: [Tenant] { cells.compactMap(\.tenant) }
}
