import SystemCrypto
import NIOCore
import JSONCore

/// Inputs beside the script: options of the command line, and the environment of the process.
public struct ScriptOptions: Sendable, Codable {
    public struct ConfigurationFile: Sendable, Codable {
        /// As the user named it, for messages.
        public var name: String
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// `-t`: replaces `config.target`.
    public var target: String?
    /// `-e`: `config.environments.NAME` is merged into the configuration.
    public var environment: String?
    /// `--overrides`: a JSON object that is merged into the script.
    public var overrides: String?
    /// `-c`: a file whose content is merged into `config`, or has a `config` of its own.
    public var configuration: ConfigurationFile?
    /// `-p`: replaces the path of the payload.
    public var payloadPath: String?
    /// `--variables`: a JSON object with variables.
    public var variables: String?
    /// `--scenario-name`: only this scenario is played.
    public var scenarioName: String?
    /// `-k`: certificates are not verified, whatever the script says.
    public var isInsecure = false
    /// `-s`: one virtual user instead of the script's phases.
    public var isSolo = false
    /// `$env` and `$processEnvironment`.
    public var processEnvironment: [String: String] = [:]
    /// `$testId`.
    public var testID = ""
    /// `$dirname`: the folder of the script, absolute.
    public var directory = ""

    public init() {}

    /// Adds the variables of a `--dotenv` file. Those of the process win.
    public mutating func addEnvironment(_ text: String, file: String) throws(Diagnostics) {
        do {
            processEnvironment.merge(try EnvironmentVariables.parse(text, file: file)) { mine, _ in mine }
        } catch {
            throw Diagnostics(error)
        }
    }
}

/// Reads Artillery scripts. Settings that Artillery ignores silently are errors or warnings here.
public struct ScriptParser {
    var diagnostics = Diagnostics()
    /// Known keys that unknown ones probably mean. They are not reported as missing too.
    var misspelt: Set<MisspeltKey> = []
    let names: NameResolver
    let options: ScriptOptions
    var stepLabels: [String] = []
    var configuration = ScriptConfiguration()
    /// True while an `emit` is read, whose answers are lists of arguments.
    var isReadingEmit = false
    /// Lists of values of the configuration's variables, by slot. Each user gets one of the values. None of the values is a list itself.
    var choices: [Int: DocumentNode] = [:]

    static let maximumSteps = 20_000

    init(options: ScriptOptions, file: String) {
        self.options = options
        let environment = ScriptValue.object(options.processEnvironment.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        names = NameResolver(constants: [
            "$env": environment, "$processEnvironment": environment,
            "$environment": options.environment.map(ScriptValue.string) ?? .null,
            "$testId": .string(options.testID), "$dirname": .string(options.directory), "$scenarioFile": .string(file),
        ])
    }

    /// - Throws: all errors and warnings in the order in which they were found, if there is an error among them.
    public static func parse(_ text: String, file: String, options: ScriptOptions = ScriptOptions()) throws(Diagnostics) -> Script {
        var parser = ScriptParser(options: options, file: file)
        let root: DocumentNode
        do {
            root = try DocumentReader.read(text, file: file)
        } catch {
            parser.diagnostics.add(error)
            throw parser.diagnostics
        }
        let script = parser.script(parser.merged(root, file: file), text: text, file: file)
        guard let script, !parser.diagnostics.hasErrors else { throw parser.diagnostics }
        return script
    }

    // MARK: Merging

    /// The document after `-c`, `-e` and `--overrides`, in Artillery's order.
    private mutating func merged(_ root: DocumentNode, file: String) -> DocumentNode {
        var root = root
        if let configuration = options.configuration, let extra = read(configuration.text, file: configuration.name) {
            let config = extra["config"] ?? extra
            root = Self.merge(
                root,
                DocumentNode(position: extra.position, content: .mapping([.init(key: "config", position: extra.position, value: config)])))
        }
        if let name = options.environment {
            let environments = root["config"]?["environments"]
            if let chosen = environments?[name] {
                // An environment without any settings is the script as it is.
                if chosen.content == .null { return merged(options: root) }
                root = Self.merge(
                    root,
                    DocumentNode(
                        position: chosen.position, content: .mapping([.init(key: "config", position: chosen.position, value: chosen)])))
            } else {
                var known: [String] = []
                if case .mapping(let members)? = environments?.content { known = members.map(\.key) }
                diagnostics.error(
                    at: environments?.position ?? root.position,
                    "there is no environment '\(name)' in config.environments\(NearestName.hint(for: name, among: known))")
            }
        }
        return merged(options: root)
    }

    /// The document after `--overrides` and `--variables`.
    mutating func merged(options root: DocumentNode) -> DocumentNode {
        var root = root
        if let text = options.overrides, let overrides = read(text, file: "--overrides") {
            if case .mapping = overrides.content {
                root = Self.merge(root, overrides)
            } else {
                diagnostics.error(at: overrides.position, "--overrides must be a JSON object")
            }
        }
        if let text = options.variables, let variables = read(text, file: "--variables") {
            let member = DocumentMember(key: "variables", position: variables.position, value: variables)
            let config = DocumentNode(position: variables.position, content: .mapping([member]))
            root = Self.merge(
                root,
                DocumentNode(
                    position: variables.position, content: .mapping([.init(key: "config", position: variables.position, value: config)])))
        }
        return root
    }

    private mutating func read(_ text: String, file: String) -> DocumentNode? {
        do {
            return try DocumentReader.read(text, file: file)
        } catch {
            diagnostics.add(error)
            return nil
        }
    }

    /// Mappings are merged member by member; everything else, lists included, is replaced.
    static func merge(_ base: DocumentNode, _ other: DocumentNode) -> DocumentNode {
        guard case .mapping(var members) = base.content, case .mapping(let additions) = other.content else { return other }
        for addition in additions {
            if let index = members.lastIndex(where: { $0.key == addition.key }) {
                members[index].value = Self.merge(members[index].value, addition.value)
            } else {
                members.append(addition)
            }
        }
        return DocumentNode(position: base.position, content: .mapping(members))
    }

    // MARK: The whole

    private mutating func script(_ root: DocumentNode, text: String, file: String) -> Script? {
        let isNamedForAnchors = { (key: String) in key.hasPrefix("x-") || key.hasPrefix(".") || key == "$schema" }
        var visible = root
        if case .mapping(let members) = root.content {
            visible.content = .mapping(members.filter { !isNamedForAnchors($0.key) })
        }
        guard let members = mapping(visible, "a script", known: ["config", "scenarios", "before", "after"]) else { return nil }
        if let config = members["config"] {
            readConfiguration(config)
        } else {
            missing("config", at: root.position, "the script has no 'config' section")
        }
        applyOptions()
        configuration.measuresSentAt = text.contains(TemplateFunction.sentAt.rawValue)
        configuration.usesDeliveryAudit = text.contains(TemplateFunction.auditTag.rawValue)
        let before = members["before"].flatMap { hook($0, "before") }
        var scenarios: [Scenario] = []
        if let node = members["scenarios"] {
            scenarios = self.scenarios(node)
        } else {
            missing("scenarios", at: root.position, "the script has no 'scenarios' section")
        }
        let after = members["after"].flatMap { hook($0, "after") }
        checkTarget(at: members["config"]?.position ?? root.position)
        names.checkReferences(&diagnostics)
        if let ensure = members["config"] { readVerdicts(ensure, engine: scenarios.first?.engine ?? .socketIO) }
        if let name = options.scenarioName {
            let known = scenarios.map(\.name)
            scenarios.removeAll { $0.name != name }
            if scenarios.isEmpty {
                diagnostics.error(
                    at: members.position(of: "scenarios"), "there is no scenario '\(name)'\(NearestName.hint(for: name, among: known))")
            }
        }
        return finished(scenarios, before: before, after: after, text: text, file: file)
    }

    /// Options that win over the script.
    mutating func applyOptions() {
        if let target = options.target { configuration.target = target }
        if options.isInsecure { configuration.verifiesCertificates = false }
        if options.isSolo {
            configuration.phases = [
                Phase(
                    name: "solo", duration: .milliseconds(1), load: .count(1), position: SourcePosition(file: "--solo", line: 1, column: 1))
            ]
        }
    }

    /// The script, from everything that was read.
    func finished(_ scenarios: [Scenario], before: Scenario? = nil, after: Scenario? = nil, text: String, file: String) -> Script {
        let hash = SHA256Digest.hash(Array(text.utf8)).hexadecimal
        return Script(
            file: file, sha256: hash, configuration: configuration, scenarios: scenarios, before: before, after: after,
            stepLabels: stepLabels, initialSlots: initialSlots(), variables: names.table, warnings: diagnostics.warnings
        )
    }

    private func initialSlots() -> [ScriptValue] {
        names.table.names.map { name in
            name == "target" ? configuration.target.map(ScriptValue.string) ?? .null : names.constants[name] ?? .null
        }
    }

    mutating func checkTarget(at position: SourcePosition) {
        guard let target = configuration.target else {
            missing("target", "targetUrl", "config", at: position, "no target: set config.target, or give one with -t")
            return
        }
        let place = options.target == nil ? configuration.targetPosition ?? position : position
        guard let scheme = target.firstRange(of: "://").map({ target[..<$0.lowerBound].lowercased() }) else {
            diagnostics.error(at: place, "the target '\(target)' is not a URL; write it as http://HOST:PORT")
            return
        }
        guard ["http", "https", "ws", "wss"].contains(scheme) else {
            diagnostics.error(at: place, "the target's scheme is '\(scheme)'; known are http, https, ws and wss")
            return
        }
        if target.hasSuffix("://") || target.contains(where: \.isWhitespace) {
            diagnostics.error(at: place, "the target '\(target)' names no host")
        }
    }
}
