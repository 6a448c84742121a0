/// One step of a scenario's flow.
public struct Step: Sendable {
    public indirect enum Action: Sendable {
        case emit(EmitStep)
        case expectEvent(AwaitedEvent)
        case think(ThinkStep)
        case loop(LoopStep)
        case log(Template)
        case request(HTTPStep)
        /// All at once; the user goes on when the last one is answered.
        case parallel([HTTPStep])
        case send(SendStep)
        case waitForMessage(ResponseCheck)
        case connect(ConnectStep)
    }

    /// Within the whole script.
    public var index: Int
    /// The step's name in reports.
    public var label: String
    public var position: SourcePosition
    /// The step is skipped when this is false.
    var condition: Expression?
    public var action: Action
}

extension Step {
    /// Whether a Socket.IO or WebSocket connection has to be open for it.
    var needsConnection: Bool {
        switch self.action {
        case .request, .parallel, .connect, .log: false
        default: true
        }
    }

    /// All captures of the step, those within a loop too.
    var captures: [Capture] {
        switch self.action {
        case .emit(let emit): (emit.acknowledgement?.captures ?? []) + emit.responses.flatMap(\.check.captures)
        case .expectEvent(let awaited): awaited.check.captures
        case .request(let request): request.check.captures
        case .parallel(let requests): requests.flatMap(\.check.captures)
        case .send(let send): send.response?.captures ?? []
        case .waitForMessage(let check): check.captures
        case .loop(let loop): loop.steps.flatMap(\.captures)
        case .think, .log, .connect: []
        }
    }
}

/// `emit`, with the answers that are awaited after it.
public struct EmitStep: Sendable {
    var namespace: Template?
    /// The event's name if it has no templates, for metrics by event.
    public var eventName: String?
    var event: Template
    /// JSON values with commas between them.
    var arguments: JSONTemplate
    var acknowledgement: ResponseCheck?
    var responses: [AwaitedEvent] = []
    var timeout: Duration?
}

/// An event that the server should push.
public struct AwaitedEvent: Sendable {
    var namespace: Template?
    var channel: Template
    var check: ResponseCheck
    /// Only events of the channel that match all of these count. The others are meant for other users.
    var filter: [ResponseMatch] = []
    var timeout: Duration?
}

/// The checks of an answer, and the values that are captured from it.
public struct ResponseCheck: Sendable {
    /// A list must equal all arguments, a mapping the last one, a string must occur in one.
    var data: JSONTemplate?
    var matches: [ResponseMatch] = []
    var captures: [Capture] = []
    var expectations: [Expectation] = []
    var timeout: Duration?

    /// Whether the answer's content has to be decoded.
    var readsContent: Bool { self.data != nil || !self.matches.isEmpty || !self.captures.isEmpty || !self.expectations.isEmpty }
}

/// A place within an answer.
enum Extraction: Sendable, Hashable {
    case json(JSONPath)
    case pattern(String, group: Int)
    /// HTTP only.
    case header(String)
}

struct ResponseMatch: Sendable {
    var extraction: Extraction
    var value: JSONTemplate
    /// If false, a failed match is counted and the user goes on.
    var isStrict = true
    var position: SourcePosition
}

struct Capture: Sendable {
    var extraction: Extraction
    var slot: Int
    var name: String
    /// If false, a capture that finds nothing sets the variable to null and is counted, and the user goes on.
    var isStrict = true
}

/// Artillery's `expect`: failures are counted and decide the exit status; the user goes on.
enum Expectation: Sendable {
    case statusCode([JSONTemplate], isNegated: Bool)
    case contentType(Template)
    case hasHeader(Template)
    case headerEquals(Template, Template)
    case hasProperty(Template, isNegated: Bool)
    case equals([JSONTemplate], isNegated: Bool)
    case json(JSONPath, JSONTemplate)
    case pattern(String)

    var name: String {
        switch self {
        case .statusCode(_, let isNegated): isNegated ? "notStatusCode" : "statusCode"
        case .contentType: "contentType"
        case .hasHeader: "hasHeader"
        case .headerEquals: "headerEquals"
        case .hasProperty(_, let isNegated): isNegated ? "notHasProperty" : "hasProperty"
        case .equals(_, let isNegated): isNegated ? "notEquals" : "equals"
        case .json(let path, _): "json \(path)"
        case .pattern: "matchesRegexp"
        }
    }
}

public struct ThinkStep: Sendable {
    /// Seconds, or a string with a unit.
    var duration: JSONTemplate
    var jitter: Jitter?
}

public struct LoopStep: Sendable {
    enum Repetition: Sendable {
        /// Evaluated when the loop begins: a number, or a range as a text.
        case count(JSONTemplate)
        /// `$loopCount` goes from the first number to one below the second.
        case range(Int, Int)
        case over(JSONTemplate)
        case whileTrue(Expression)
    }

    var steps: [Step]
    var repetition: Repetition
    /// A further condition beside the repetition.
    var whileTrue: Expression?
    /// The slot of `$loopCount`, or of the name that `loopValue` gives.
    var countSlot: Int
    var elementSlot: Int
    /// Turn `n` is due `n` times this after the loop began, however long the answers took.
    var pace: JSONTemplate?
}

public struct SendStep: Sendable {
    enum Payload: Sendable {
        /// Sent as it is.
        case text(Template)
        /// Sent as JSON.
        case json(JSONTemplate)
    }

    var payload: Payload
    /// The check of the next message. Nil if the step does not wait.
    var response: ResponseCheck?
}

public struct ConnectStep: Sendable {
    var target: Template?
    var headers: [(name: String, value: Template)] = []
    var subprotocols: [Template] = []
}

public struct HTTPStep: Sendable {
    enum Body: Sendable {
        case none
        case json(JSONTemplate)
        case text(Template)
        /// `application/x-www-form-urlencoded`.
        case form([(name: String, value: Template)])
        /// `multipart/form-data`.
        case multipart([(name: String, value: Template)])
    }

    public var method: String
    /// The request's name in reports. Nil if the script gives none.
    public var name: String?
    var url: Template
    var query: [(name: String, value: Template)] = []
    var headers: [(name: String, value: Template)] = []
    var cookies: [(name: String, value: Template)] = []
    var user: (name: Template, password: Template)?
    var body: Body = .none
    var followsRedirects: Bool?
    var timeout: Duration?
    var check = ResponseCheck()
    var condition: Expression?
}
