/// The script that `dunlin init load` writes.
public enum FirstScript {
    public static let text = """
        # A load test in Artillery's format. 'dunlin check FILE' finds mistakes in it.
        config:
          target: "http://127.0.0.1:3001"

          # When virtual users arrive. Durations are seconds, or texts such as "5m".
          phases:
            - name: warm-up
              duration: 30
              arrivalRate: 2        # new virtual users per second
            - name: ramp
              duration: 2m
              arrivalRate: 2
              rampTo: 20
              maxVusers: 500        # further arrivals are skipped and counted
            # A closed model keeps a fixed number of users active instead:
            # - duration: 5m
            #   users: 100

          socketio:
            transports: [websocket]

          # One value of a list is picked for each user. A CSV file works too:
          # payload: {path: users.csv, fields: [name, token]}
          variables:
            room: [red, green, blue]

          # How long an acknowledgement or a response is awaited, in seconds.
          timeout: 10

          # The run fails (exit status 1) unless all of these hold.
          ensure:
            maxErrorRate: 1
            thresholds:
              - socketio.response_time.p99: 250

        scenarios:
          - name: chat
            weight: 3
            engine: socketio
            flow:
              # An acknowledgement: the server calls the callback.
              - emit:
                  channel: join
                  data: {room: "{{ room }}"}
                acknowledge:
                  match: {json: $.0.ok, value: true}

              - think: 1

              - loop:
                  # A response: an event that the server sends back.
                  # $auditTag makes the report say which messages were lost or came twice.
                  - emit:
                      channel: message
                      data: {text: "hello {{ $auditTag(room) }}"}
                    response:
                      channel: message
                  - think: "{{ $randomInt(1, 3) }}"
                count: 10

          - name: listener
            weight: 1
            engine: socketio
            flow:
              - emit: [join, {room: "{{ room }}"}]
              - think: 30

        """
}
