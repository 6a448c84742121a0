import Classroom
import Hummingbird

/// `/api/v1/classroom`: the server's address and defaults, for the pages.
struct ClassroomRoutes {
    let sessionDefaults: SessionSettings
    let address: @Sendable () -> ClassroomAddress?

    func add(to group: RouterGroup<ClassroomRequestContext>) {
        group.get("classroom") { _, _ in Response.json(document) }
    }

    private var document: ClassroomDocument {
        let address = address()
        return ClassroomDocument(
            publicUrl: address?.publicURL, networkUrl: address?.networkURL,
            sessionDefaults: ClassroomDocument.SessionDefaults(sessionDefaults))
    }
}

/// The address for players.
package struct ClassroomAddress: Sendable {
    /// As the operator gave it.
    var publicURL: String?
    /// By the machine's own address in the network, as far as the server listens there.
    var networkURL: String

    package init(publicURL: String?, networkURL: String) {
        self.publicURL = publicURL
        self.networkURL = networkURL
    }
}

/// The address for players, and the default settings of a session.
struct ClassroomDocument: Encodable {
    struct SessionDefaults: Encodable {
        var questionDurationMs: Int
        var leadInMs: Int
        var advanceDelayMs: Int
        var autoAdvance: Bool
        var pace: SessionSettings.Pace

        init(_ settings: SessionSettings) {
            questionDurationMs = settings.questionDurationMs
            leadInMs = settings.leadInMs
            advanceDelayMs = settings.advanceDelayMs
            autoAdvance = settings.autoAdvance
            pace = settings.pace
        }
    }

    /// As the operator gave it.
    var publicUrl: String?
    /// By the machine's own address in the network, as far as the server listens there.
    var networkUrl: String?
    var sessionDefaults: SessionDefaults
}
