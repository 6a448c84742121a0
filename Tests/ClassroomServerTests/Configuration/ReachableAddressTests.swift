@testable import ClassroomServer
import Testing

@Suite("Where people find the classroom")
struct ReachableAddressTests {
    @Test(
        "of several addresses the one that people in the room most likely reach",
        arguments: [
            ([("lo", "127.0.0.1"), ("eth0", "192.168.1.7")], "192.168.1.7"),
            ([("docker0", "172.17.0.1"), ("wlan0", "10.0.0.5")], "10.0.0.5"),
            ([("lo", "127.0.0.1"), ("docker0", "172.17.0.1")], "172.17.0.1"),
            ([("eth0", "203.0.113.9"), ("eth1", "172.20.3.4")], "172.20.3.4"),
            ([("eth0", "169.254.1.1"), ("eth1", "203.0.113.9")], "203.0.113.9"),
            ([("eth0", "fe80::1"), ("eth0", "2001:db8::1")], "2001:db8::1"),
            ([("eth0", "2001:db8::1"), ("eth0", "192.168.1.7")], "192.168.1.7"),
            ([("lo", "127.0.0.1"), ("lo", "::1"), ("eth0", "fe80::1")], nil), ([], nil),
        ] as [([(String, String)], String?)])
    func best(devices: [(String, String)], address: String?) {
        #expect(NetworkAddress.best(of: devices.map { (name: $0.0, address: $0.1) }) == address)
    }

    @Test("a link never names an address that means all of them, and never localhost in its place", arguments: ["0.0.0.0", "::", "[::]"])
    func allAddresses(hostname: String) {
        let url = ListeningAddress(hostname: hostname, port: 80, isSecure: false).reachableURL
        #expect(!url.contains("0.0.0.0") && !url.contains("localhost") && !url.contains("[::]"))
        #expect(url.hasSuffix(":80"))
    }

    @Test("an address that was chosen is the one, and a public URL comes before it")
    func chosen() {
        var address = ListeningAddress(hostname: "127.0.0.1", port: 80, isSecure: false)
        #expect(address.reachableURL == "http://127.0.0.1:80")
        address.publicURL = "https://school.example"
        #expect(address.reachableURL == "https://school.example")
        #expect(address.url == "http://127.0.0.1:80")
    }

    @Test(
        "a public URL has no path",
        arguments: [
            ("https://school.example", "https://school.example"), ("https://School.Example/", "https://school.example"),
            ("http://10.0.0.5:8080", "http://10.0.0.5:8080"), ("http://[2001:db8::1]:80", "http://[2001:db8::1]"),
            ("https://school.example/quiz", nil), ("school.example", nil), ("ftp://school.example", nil), ("https://", nil),
            ("https://a.example?x=1", nil), ("https://user@a.example", nil), ("https://:80", nil),
        ] as [(String, String?)])
    func publicURL(url: String, normalized: String?) {
        #expect(PublicURL.normalized(url) == normalized)
        let configuration = ClassroomConfiguration { $0.publicURL = url }
        let isAccepted = (try? configuration.check()) != nil
        #expect(isAccepted == (normalized != nil))
    }

    @Test("pages that come from the public URL are the server's own")
    func origin() {
        let configuration = ClassroomConfiguration {
            $0.publicURL = "https://School.example/"
            $0.allowedOrigins = ["https://other.example"]
        }
        #expect(configuration.knownOrigins == ["https://school.example", "https://other.example"])
    }
}
