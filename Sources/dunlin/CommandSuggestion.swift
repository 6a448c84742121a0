import ArgumentParser

/// Suggests the command that a mistyped one was meant to be. The parser suggests options only.
enum CommandSuggestion {
    /// A sentence to put behind the parser's message; nil when the words name a command, or nothing near one.
    static func sentence(for arguments: [String], root: any ParsableCommand.Type) -> String? {
        var command = root
        var path: [String] = []
        for word in arguments {
            guard !word.hasPrefix("-"), !command.configuration.subcommands.isEmpty else { return nil }
            let names = command.configuration.subcommands.map { $0.configuration.commandName ?? "\($0)".lowercased() } + ["help"]
            if let index = names.firstIndex(of: word), index < command.configuration.subcommands.count {
                path.append(word)
                command = command.configuration.subcommands[index]
                continue
            }
            guard word != "help", let nearest = nearest(to: word.lowercased(), among: names) else { return nil }
            return "did you mean '\((["dunlin"] + path + [nearest]).joined(separator: " "))'?"
        }
        return nil
    }

    /// The problem of a request for help (`help WORDS`, `WORDS --help`) whose words name no command: the parser shows the help of whatever it
    /// knows. Nil if there is none.
    static func problemOfHelp(for arguments: [String], root: any ParsableCommand.Type) -> String? {
        let isCommand = arguments.first == "help"
        guard isCommand || arguments.contains("--help") || arguments.contains("-h") else { return nil }
        let words = isCommand ? arguments.dropFirst().filter { !$0.hasPrefix("-") } : Array(arguments.prefix { !$0.hasPrefix("-") })
        var command = root
        var path = isCommand ? ["dunlin", "help"] : ["dunlin"]
        for word in words {
            let commands = command.configuration.subcommands
            // Behind a command of its own stand arguments.
            if !isCommand, commands.isEmpty { return nil }
            let names = commands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
            guard let index = names.firstIndex(of: word) else {
                let suggestion = nearest(to: word.lowercased(), among: names).map {
                    "; did you mean '\((path + [$0]).joined(separator: " "))'?"
                }
                return "there is no command '\(word)'" + (suggestion ?? "")
            }
            path.append(word)
            command = commands[index]
        }
        return nil
    }

    /// A sentence for an option that every command has, which the parser leaves out when it suggests options; nil: none is near.
    static func sentence(forOption arguments: [String]) -> String? {
        guard let option = arguments.last(where: { $0.hasPrefix("--") }) else { return nil }
        return nearest(to: option.dropFirst(2).lowercased(), among: ["version", "help"]).map { "did you mean '--\($0)'?" }
    }

    /// The name with the fewest changes: at most one per three letters, or a prefix of two letters and more.
    static func nearest(to word: String, among names: [String]) -> String? {
        if word.count >= 2, let begun = names.first(where: { $0.hasPrefix(word) }) { return begun }
        let best = names.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
        guard let best, best.distance <= max(1, (max(word.count, best.name.count) + 1) / 3) else { return nil }
        return best.name
    }

    /// Letters inserted, left out, replaced, or swapped with their neighbour.
    private static func distance(_ one: String, _ other: String) -> Int {
        let (left, right) = (Array(one.prefix(64)), Array(other))
        var rows = [Array(0...right.count)]
        for row in left.indices {
            var next = [row + 1]
            for column in right.indices {
                let replaced = rows[row][column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, rows[row][column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                next.append(best)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}
