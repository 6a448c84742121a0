import ArgumentParser

/// `dunlin token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Create and revoke sign-in tokens.",
        subcommands: [TokenCreateCommand.self, TokenRevokeCommand.self])
}
