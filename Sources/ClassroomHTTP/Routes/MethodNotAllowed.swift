import Classroom
import HTTPTypes
import Hummingbird

/// Answers the methods that a path does not have. The router alone would say that the path does not exist.
enum MethodNotAllowed {
    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    /// Gives every path of the router the methods that it lacks: 405 and which ones there are (RFC 9110, section 15.5.6). Call when all
    /// routes are there.
    static func complete(_ router: Router<ClassroomRequestContext>) {
        for routes in Dictionary(grouping: router.routes, by: \.path.description).values {
            guard let path = routes.first?.path else { continue }
            var known = Set(routes.map(\.method))
            // The router makes it.
            if known.contains(.get) { known.insert(.head) }
            let allowed = known.map(\.rawValue).sorted().joined(separator: ", ")
            for method in methods where !known.contains(method) {
                router.on(path, method: method) { _, _ in response(allowed) }
            }
        }
    }

    private static func response(_ allowed: String) -> Response {
        var response = ClassroomError(.invalid, "Method not allowed").httpResponse(status: .methodNotAllowed)
        response.headers[.allow] = allowed
        return response
    }
}
