/// What a token says about itself, looked at before anything is verified: the algorithm is the key's and never the token's choice.
struct JWTHeader: Decodable {
    var alg: String
    /// Extensions that must be understood; none is.
    var crit: [String]?

    func check(algorithm: String) throws(JWTRefusal) {
        guard alg == algorithm else { throw .wrongAlgorithm }
        guard crit == nil else { throw .criticalHeader }
    }
}
