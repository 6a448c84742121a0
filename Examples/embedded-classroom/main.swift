import ClassroomServer

let configuration = ClassroomConfiguration {
    $0.port = 3001
    $0.database = "memory:"
    $0.isDemo = true
}
let classroom = ClassroomApplication(configuration: configuration) { address in
    address.announce()
}
try await classroom.runService()
