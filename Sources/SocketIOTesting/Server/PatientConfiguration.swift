public import SocketIOServer

extension SocketIOConfiguration {
    /// The same, with ten minutes for each deadline that was left as it is by default.
    ///
    /// On a busy machine a test's client may take long until it comes to read or write. A test that is about a deadline sets its own, and
    /// keeps it.
    public var patient: SocketIOConfiguration {
        let usual = SocketIOConfiguration()
        var patient = self
        let deadlines: [WritableKeyPath<SocketIOConfiguration, Duration>] = [
            \.pingInterval, \.pingTimeout, \.connectTimeout, \.upgradeTimeout, \.pollingCloseTimeout, \.messageTimeout, \.requestTimeout,
            \.responseStallTimeout,
        ]
        for deadline in deadlines where self[keyPath: deadline] == usual[keyPath: deadline] { patient[keyPath: deadline] = .seconds(600) }
        return patient
    }
}
