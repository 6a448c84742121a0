import Foundation
import NIOCore
import JSONCore

/// HTTP requests under way, by id.
struct PendingRequests: Sendable {
    struct Request: Sendable {
        var id: Int
        var sentAt: RunInstant
        var intendedAt: RunInstant
        var step: HTTPStep
        /// The request as it was last sent.
        var value: HTTPRequestValue
        var redirects = 0
    }

    var step: PlannedStep
    var requests: [Request]
}

extension PendingRequests.Request {
    /// Follows a redirect (RFC 9110 §15.4). A POST becomes a GET without body after 303, and, as in every client, after 301 and 302.
    ///
    /// - Returns: False if the response is not a redirect to follow.
    fileprivate mutating func redirect(_ response: HTTPResponseValue) -> Bool {
        guard value.followsRedirects, [301, 302, 303, 307, 308].contains(response.status), let location = response.header("location"),
            let from = RequestURL(value.url), let to = from.resolve(location)
        else { return false }
        redirects += 1
        value.url = to.text
        if response.status == 303 && value.method != "HEAD" || response.status < 303 && value.method == "POST" {
            value.method = "GET"
            value.body = nil
            value.headers.removeAll { $0.name.lowercased() == "content-type" }
        }
        // The cookies are added again later, because the response may have set some. Another server gets no credentials.
        value.headers.removeAll { $0.name.lowercased() == "cookie" }
        if to.origin != from.origin { value.headers.removeAll { $0.name.lowercased() == "authorization" } }
        return true
    }
}

extension VirtualUser {
    static let maximumRedirects = 10

    /// Sends all requests of a step whose conditions hold.
    ///
    /// - Returns: True if the user waits now.
    mutating func request(_ steps: [HTTPStep], step: PlannedStep, _ turn: inout Turn) -> Bool {
        var pending = PendingRequests(step: step, requests: [])
        for request in steps {
            if let condition = request.condition, !condition.value(in: &scope).isTrue { continue }
            let id = Int(nextID)
            nextID += 1
            let value = self.value(of: request)
            turn.measurements.count(Metric.requests.id)
            turn.actions.append(.request(id: id, value))
            pending.requests.append(
                .init(id: id, sentAt: turn.now, intendedAt: min(intendedAt, turn.now), step: request, value: value))
        }
        guard !pending.requests.isEmpty else { return false }
        position += 1
        waiting = .requests(pending)
        // The HTTP client applies the time-out.
        deadline = nil
        return true
    }

    private mutating func value(of request: HTTPStep) -> HTTPRequestValue {
        let configuration = context.configuration
        var headers = render(configuration.http.headers)
        for field in render(request.headers) {
            headers.removeAll { $0.name.lowercased() == field.name.lowercased() }
            headers.append(field)
        }
        func add(_ name: String, _ value: String) {
            if !headers.contains(where: { $0.name.lowercased() == name }) { headers.append(HTTPField(name, value)) }
        }
        for field in render(request.cookies) { setCookie(field.name, field.value) }
        if !cookies.isEmpty { add("cookie", cookieHeader) }
        if let user = request.user {
            let pair = "\(user.name.text(in: &scope)):\(user.password.text(in: &scope))"
            add("authorization", "Basic \(Data(pair.utf8).base64EncodedString())")
        }
        var body: ByteBuffer?
        switch request.body {
        case .none: break
        case .json(let template):
            body = template.rendered(in: &scope)
            add("content-type", "application/json")
        case .text(let template): body = ByteBuffer(string: template.text(in: &scope))
        case .form(let pairs):
            body = ByteBuffer(string: Self.formEncoded(render(pairs)))
            add("content-type", "application/x-www-form-urlencoded")
        case .multipart(let pairs):
            let boundary = "dunlin-\(scope.random.next())"
            body = ByteBuffer(string: Self.multipart(render(pairs), boundary: boundary))
            add("content-type", "multipart/form-data; boundary=\(boundary)")
        }
        var url = absolute(request.url.text(in: &scope))
        let query = Self.formEncoded(render(request.query))
        if !query.isEmpty { url += (url.contains("?") ? "&" : "?") + query }
        return HTTPRequestValue(
            method: request.method, url: url, headers: headers, body: body,
            followsRedirects: request.followsRedirects ?? configuration.http.followsRedirects,
            timeout: request.timeout ?? configuration.http.timeout ?? configuration.timeout,
            verifiesCertificates: configuration.verifiesCertificates)
    }

    mutating func responded(_ id: Int, _ response: HTTPResponseValue, _ turn: inout Turn) {
        guard case .requests(var pending) = waiting, let index = pending.requests.firstIndex(where: { $0.id == id }) else { return }
        turn.measurements.count(Metric.responses.id)
        turn.measurements.count(Metric.downloadedBytes.id, by: response.body.readableBytes)
        turn.measurements.count(named: "http.codes.\(response.status)")
        takeCookies(response)
        if pending.requests[index].redirect(response) {
            let request = pending.requests[index]
            guard request.redirects <= Self.maximumRedirects else { return fail("too many redirects", &turn) }
            waiting = .requests(pending)
            var value = request.value
            if !cookies.isEmpty, !value.headers.contains(where: { $0.name.lowercased() == "cookie" }) {
                value.headers.append(HTTPField("cookie", cookieHeader))
            }
            turn.measurements.count(Metric.requests.id)
            turn.actions.append(.request(id: id, value))
            return
        }
        let request = pending.requests.remove(at: index)
        let time = turn.now.since(request.intendedAt).nanoseconds
        turn.measurements.record(Metric.httpResponseTime.id, nanoseconds: time)
        if let metric = Metric.httpResponseTime(status: response.status) { turn.measurements.record(metric.id, nanoseconds: time) }
        turn.measurements.record(pending.step.metrics.response, nanoseconds: time)
        if let endpoint = pending.step.metrics.endpoint { turn.measurements.record(endpoint, nanoseconds: time) }
        if request.step.check.readsContent, !check(request.step.check, Answer(response: response), &turn) { return }
        goOn(pending, &turn)
    }

    mutating func requestFailed(_ id: Int, _ reason: String, _ turn: inout Turn) {
        guard case .requests(let pending) = waiting, pending.requests.contains(where: { $0.id == id }) else { return }
        fail(reason, &turn)
    }

    private mutating func goOn(_ pending: PendingRequests, _ turn: inout Turn) {
        guard pending.requests.isEmpty else {
            waiting = .requests(pending)
            return
        }
        intendedAt = turn.now
        play(&turn)
    }

    // MARK: Cookies and encodings

    var cookieHeader: String { cookies.map { "\($0.name)=\($0.value)" }.joined(separator: "; ") }

    private mutating func setCookie(_ name: String, _ value: String) {
        cookies.removeAll { $0.name == name }
        cookies.append(HTTPField(name, value))
    }

    /// Stores the response's cookies by name. A virtual user's requests go to one service, so paths and domains are ignored.
    private mutating func takeCookies(_ response: HTTPResponseValue) {
        for field in response.headers where field.name.lowercased() == "set-cookie" {
            let parts = field.value.split(separator: ";").map { $0.drop { $0 == " " } }
            guard let pair = parts.first, let equals = pair.firstIndex(of: "=") else { continue }
            let name = String(pair[..<equals])
            let isExpired = parts.dropFirst().contains { $0.lowercased() == "max-age=0" || $0.lowercased().hasPrefix("max-age=-") }
            if isExpired {
                cookies.removeAll { $0.name == name }
            } else {
                setCookie(name, String(pair[pair.index(after: equals)...]))
            }
        }
    }

    /// A URL of the script, relative to the target.
    func absolute(_ url: String) -> String {
        if url.contains("://") { return url }
        let target = context.configuration.target ?? ""
        let base = target.hasSuffix("/") ? String(target.dropLast()) : target
        return url.isEmpty ? base : base + (url.hasPrefix("/") || url.hasPrefix("?") ? url : "/" + url)
    }

    static func formEncoded(_ fields: [HTTPField]) -> String {
        fields.map { "\(Self.percentEncoded($0.name))=\(Self.percentEncoded($0.value))" }.joined(separator: "&")
    }

    private static func percentEncoded(_ text: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func multipart(_ fields: [HTTPField], boundary: String) -> String {
        fields.map { "--\(boundary)\r\nContent-Disposition: form-data; name=\"\($0.name)\"\r\n\r\n\($0.value)\r\n" }.joined()
            + "--\(boundary)--\r\n"
    }
}
