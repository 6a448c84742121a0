import Classroom
import Hummingbird

/// `/api/v1/classroom`: what the pages have to know of the server.
struct ClassroomRoutes {
    let configuration: ClassroomConfiguration
    let address: @Sendable () -> ListeningAddress?

    func add(to group: RouterGroup<ClassroomRequestContext>) {
        group.get("classroom") { _, _ in Response.json(document) }
    }

    private var document: ClassroomDocument {
        let address = address()
        return ClassroomDocument(
            publicUrl: address?.publicURL, networkUrl: address?.reachableURL,
            sessionDefaults: ClassroomDocument.SessionDefaults(configuration.runtime.sessionDefaults))
    }
}

/// Where players find the classroom, and how a session is played if nobody says otherwise.
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
