import NIOConcurrencyHelpers

/// Collects what handlers on a loop saw.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = NIOLockedValueBox<[Element]>([])
    func append(_ element: Element) { elements.withLockedValue { $0.append(element) } }
    var all: [Element] { elements.withLockedValue { $0 } }
}
