/// What a player answered, or what counts as correct: the index of an option, a text, or a list of either.
public indirect enum Answer: Hashable, Sendable {
    case index(Int)
    case text(String)
    case list([Answer])
}
