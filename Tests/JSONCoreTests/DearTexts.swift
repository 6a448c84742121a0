import JSONCore

/// Texts of one size that ask as much work as they can, each with its name.
enum DearTexts {
    static func all(bytes: Int) -> [(name: String, text: String)] {
        func repeated(_ part: String, _ open: String = "[", _ close: String = "]", reserve: Int = 0) -> String {
            let count = max((bytes - reserve) / (part.utf8.count + 1), 1)
            return open + Array(repeating: part, count: count).joined(separator: ",") + close
        }
        func nested(_ depth: Int, _ inner: String) -> String {
            String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)
        }
        let chain = nested(100, "")
        return [
            ("empty arrays inside 120 brackets", nested(120, repeated("[]"))),
            (
                "empty objects inside 120 objects",
                String(repeating: "{\"a\":", count: 120) + repeated("{}") + String(repeating: "}", count: 120)
            ),
            ("deep chains", repeated(chain)),
            ("a bracket beside brackets at each level", nested(100, repeated("[[],[]]"))),
            ("containers just too short to be noted", nested(60, repeated("[[[[[1]]],[[[2]]],3]]"))),
            ("containers just long enough to be noted", nested(60, repeated(nested(10, "\"0123456789ab\"")))),
            ("strings full of brackets", nested(100, repeated("\"[[[[{{{{\""))),
            ("strings full of escapes", nested(100, repeated("\"\\n\\u0041\\ud83e\\udd86\""))),
            ("numbers of many digits", nested(100, repeated(String(repeating: "9", count: 300)))),
            ("blanks", nested(100, String(repeating: " ", count: bytes))),
            ("one key many times", repeated("\"key\":1", "{", "}")),
            ("many keys", "{" + (0..<bytes / 12).map { "\"k\($0)\":[]" }.joined(separator: ",") + "}"),
            ("many keys with escapes", "{" + (0..<bytes / 20).map { "\"\\u006b\($0)\":[{}]" }.joined(separator: ",") + "}"),
        ]
    }
}
