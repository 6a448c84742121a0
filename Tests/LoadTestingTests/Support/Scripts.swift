@testable import LoadTesting

/// Parses a script that must be right.
func parse(_ text: String, options: ScriptOptions = ScriptOptions()) throws -> Script {
    try ScriptParser.parse(text, file: "test.yml", options: options)
}

/// The diagnostics of a script that must be wrong, or of one that has warnings.
func diagnostics(_ text: String, options: ScriptOptions = ScriptOptions()) -> [String] {
    do {
        return try ScriptParser.parse(text, file: "test.yml", options: options).warnings.map(\.description)
    } catch {
        return error.entries.map(\.description)
    }
}

/// A script with one Socket.IO scenario whose flow is given, indented by six spaces.
func flow(_ steps: String, config: String = "", engine: String = "socketio") -> String {
    """
    config:
      target: http://127.0.0.1:1
    \(config.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))
    scenarios:
      - engine: \(engine)
        flow:
    \(steps.split(separator: "\n", omittingEmptySubsequences: false).map { "      " + $0 }.joined(separator: "\n"))
    """
}

/// A scope without variables.
func emptyScope(_ slots: [ScriptValue] = [], seed: UInt64 = 1) -> VariableScope {
    VariableScope(slots: slots, random: SeededGenerator(seed: seed), userIndex: 7)
}

/// The source document's script, word for word without its comments.
let classroomScript = """
    config:
      target: 'https://your-websocket-server.com'
      phases:
        - duration: 60
          arrivalRate: 5
          name: "Warm-up"
        - duration: 300
          arrivalRate: 5
          rampTo: 50
          name: "Ramp-up"
        - duration: 600
          arrivalRate: 50
          name: "Sustained load"
        - duration: 120
          arrivalRate: 50
          rampTo: 200
          name: "Peak load"
        - duration: 180
          arrivalRate: 200
          rampTo: 5
          name: "Cool-down"
      environments:
        production:
          target: 'https://prod-websocket.yourapp.com'
          phases:
            - duration: 300
              arrivalRate: 10
              rampTo: 100
        staging:
          target: 'https://staging-websocket.yourapp.com'
          phases:
            - duration: 120
              arrivalRate: 5
              rampTo: 25
      payload:
        path: './test-data.csv'
        fields:
          - userId
          - username
          - token
      engines:
        socketio:
          transports: ['websocket']
          timeout: 30000
      plugins:
        metrics-by-endpoint:
          useOnlyRequestNames: true
    scenarios:
      - name: "Quiz Participant Journey"
        weight: 60
        engine: socketio
        flow:
          - emit:
              channel: "auth"
              data:
                token: "{{ token }}"
          - think: 1
          - emit:
              channel: "quiz:join"
              data:
                sessionId: "load-test-session-{{ $randomInt(1, 5) }}"
          - think: 2
          - loop:
              - emit:
                  channel: "quiz:answer"
                  data:
                    questionId: "q-{{ $loopElement }}"
                    answer: "{{ $randomInt(0, 3) }}"
                    timeSpent: "{{ $randomInt(5, 30) }}"
              - think: "{{ $randomInt(3, 8) }}"
            over:
              - 1
              - 2
              - 3
          - emit:
              channel: "quiz:leave"
      - name: "Chat User Journey"
        weight: 30
        engine: socketio
        flow:
          - emit:
              channel: "auth"
              data:
                token: "{{ token }}"
          - think: 1
          - emit:
              channel: "chat:join"
              data:
                roomId: "chat-room-{{ $randomInt(1, 3) }}"
          - think: 2
          - loop:
              - emit:
                  channel: "chat:message"
                  data:
                    content: "Load test message {{ $randomString() }}"
                    type: "text"
              - think: "{{ $randomInt(5, 15) }}"
            count: "{{ $randomInt(5, 20) }}"
          - emit:
              channel: "chat:leave"
      - name: "Dashboard Observer"
        weight: 10
        engine: socketio
        flow:
          - emit:
              channel: "auth"
              data:
                token: "{{ token }}"
          - emit:
              channel: "dashboard:subscribe"
              data:
                metrics: ["active_users", "quiz_sessions", "messages_per_second"]
          - think: 300
          - emit:
              channel: "dashboard:unsubscribe"
    """
