/// Where a session stands. A live one goes waiting → leadIn → open → closed → open → … → ended; a self-paced one has no `closed`.
public enum SessionPhase: String, Sendable, Hashable, Codable, CaseIterable {
    case waiting, leadIn, open, closed, ended

    public var status: SessionStatus {
        switch self {
        case .waiting: .waiting
        case .leadIn, .open, .closed: .active
        case .ended: .ended
        }
    }
}
