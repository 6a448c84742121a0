/// JUnit XML: one test case for each check of the verdict, so that a CI system shows which threshold failed.
public enum JUnitReport {
    public static func write(_ report: RunReport) -> String {
        let checks = report.verdict.checks
        let failures = checks.filter { !$0.passed && $0.isStrict }.count
        let suite = "dunlin run \(report.scriptFile)"
        let reached = report.verdict.exitStatus != .unreachable
        let total = checks.count + 1
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        let counts =
            "tests=\"\(total)\" failures=\"\(failures)\" errors=\"\(reached ? 0 : 1)\" time=\"\(ReportNumber.text(report.seconds, digits: 3))\""
        text += "<testsuites \(counts)>\n<testsuite name=\"\(Markup.escape(suite))\" \(counts)>\n"
        text += "<properties>\n"
        for (name, value) in [("target", report.target), ("seed", String(report.seed)), ("script.sha256", report.scriptSHA256)] {
            text += "<property name=\"\(name)\" value=\"\(Markup.escape(value))\"/>\n"
        }
        text += "</properties>\n"
        text += "<testcase classname=\"run\" name=\"the target was reached\">"
        text += reached ? "</testcase>\n" : "<error message=\"no connection was ever made\"/></testcase>\n"
        for check in checks {
            text += "<testcase classname=\"ensure\" name=\"\(Markup.escape(check.name))\">"
            if !check.passed {
                let element = check.isStrict ? "failure" : "skipped"
                text += "<\(element) message=\"\(Markup.escape(check.detail))\"/>"
            }
            text += "</testcase>\n"
        }
        return text + "</testsuite>\n</testsuites>\n"
    }
}

/// Text within XML and HTML.
enum Markup {
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
            // XML 1.0 has no other control characters, not even escaped.
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
