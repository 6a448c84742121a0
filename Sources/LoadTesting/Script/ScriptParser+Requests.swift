/// Steps of the engines `ws` and `http`.
extension ScriptParser {
    mutating func send(_ node: DocumentNode, siblings: Members) -> SendStep? {
        var payload = node
        var response: ResponseCheck?
        if case .mapping(let members) = node.content, members.contains(where: { $0.key == "payload" }) {
            guard let inner = mapping(node, "send", known: ["payload", "match", "capture", "expect", "timeout"]),
                let content = inner["payload"]
            else { return nil }
            payload = content
            if inner.members.count > 1 { response = responseCheck(inner, allowsHeaders: false) }
        }
        if siblings["match"] != nil || siblings["capture"] != nil {
            let members = Members(
                node: siblings.node, what: "send", members: siblings.members.filter { $0.key == "match" || $0.key == "capture" })
            response = responseCheck(members, allowsHeaders: false)
        }
        switch payload.content {
        case .mapping, .sequence: return SendStep(payload: .json(jsonTemplate(payload)), response: response)
        default: return template(payload, "send").map { SendStep(payload: .text($0), response: response) }
        }
    }

    mutating func connect(_ node: DocumentNode) -> ConnectStep? {
        if case .string = node.content { return template(node, "connect").map { ConnectStep(target: $0) } }
        let known = ["target", "headers", "subprotocols"]
        guard let members = mapping(node, "connect", known: known, ignored: ["proxy": "connections are direct"]) else { return nil }
        var step = ConnectStep()
        step.target = members["target"].flatMap { template($0, "connect.target") }
        if let headers = members["headers"] { step.headers = pairs(headers, "connect.headers") }
        if let protocols = members["subprotocols"] {
            step.subprotocols = oneOrMore(protocols).compactMap { template($0, "a sub-protocol") }
        }
        return step
    }

    private static let requestKeys = [
        "url", "uri", "name", "json", "body", "form", "formData", "qs", "headers", "cookie", "auth", "followRedirect", "timeout",
        "capture", "match", "expect", "ifTrue",
    ]

    mutating func request(_ node: DocumentNode, method: String) -> HTTPStep? {
        let ignored = ["gzip": "responses are asked for uncompressed", "decompress": "responses are asked for uncompressed"]
        guard let members = mapping(node, "a request", known: Self.requestKeys, ignored: ignored) else { return nil }
        guard let urlNode = members.first("url", "uri") else {
            missing("url", "uri", at: node.position, "a request needs 'url'")
            return nil
        }
        guard let url = template(urlNode, "url") else { return nil }
        var request = HTTPStep(method: method.uppercased(), url: url)
        request.name = members["name"].flatMap { constantText($0, "a request's name") }
        if let query = members["qs"] { request.query = pairs(query, "qs") }
        if let headers = members["headers"] { request.headers = pairs(headers, "headers") }
        if let cookies = members["cookie"] { request.cookies = pairs(cookies, "cookie") }
        request.body = body(members)
        request.followsRedirects = members["followRedirect"].flatMap { boolean($0, "followRedirect") }
        request.timeout = members["timeout"].flatMap { duration($0, "timeout") }
        if let auth = members["auth"], let inner = mapping(auth, "auth", known: ["user", "pass"]) {
            let user = inner["user"].flatMap { template($0, "auth.user") } ?? Template(constant: "")
            let password = inner["pass"].flatMap { template($0, "auth.pass") } ?? Template(constant: "")
            request.user = (user, password)
        }
        request.check = responseCheck(members, allowsHeaders: true)
        request.condition = members["ifTrue"].flatMap { expression($0, "ifTrue") }
        return request
    }

    private mutating func body(_ members: Members) -> HTTPStep.Body {
        let given = ["json", "body", "form", "formData"].filter { members[$0] != nil }
        if given.count > 1 {
            diagnostics.error(at: members.position(of: given[1]), "a request has '\(given[0])' or '\(given[1])', not both")
        }
        if let json = members["json"] { return .json(jsonTemplate(json)) }
        if let form = members["form"] { return .form(pairs(form, "form")) }
        if let form = members["formData"] { return .multipart(pairs(form, "formData")) }
        guard let body = members["body"] else { return .none }
        switch body.content {
        case .mapping, .sequence: return .json(jsonTemplate(body))
        default: return template(body, "body").map { .text($0) } ?? .none
        }
    }
}
