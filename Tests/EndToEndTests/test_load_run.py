"""`dunlin run` and `dunlin journey` against real servers: reports, exit statuses, signals."""

import json
import signal
import socket
import subprocess
from contextlib import closing

import pytest

LOAD_SCRIPT = """
config:
  target: {target}
  phases: [{{duration: 40, arrivalRate: 0.5}}]
  payload: {{path: ./users.csv, fields: [userId, username, token]}}
  engines: {{socketio: {{transports: ['websocket'], timeout: 30000}}}}
  plugins: {{metrics-by-endpoint: {{useOnlyRequestNames: true}}}}
  {ensure}
scenarios:
  - name: echo
    weight: 60
    engine: socketio
    flow:
      - emit: {{channel: echo, data: {{token: "{{{{ token }}}}"}}}}
        acknowledge: {{match: {{json: $.0.token, value: "{{{{ token }}}}"}}}}
      - think: 1
      - loop:
          - emit: {{channel: echo, data: {{number: "{{{{ $loopElement }}}}"}}}}
          - think: "{{{{ $randomInt(1, 2) }}}}"
        over: [1, 2, 3]
"""


def run(command, *arguments, folder, seconds=60):
    return subprocess.run(
        [command, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
    )


def write(folder, target, ensure=""):
    (folder / "users.csv").write_text("u1,ann,t1\nu2,ben,t2\n")
    (folder / "load.yml").write_text(LOAD_SCRIPT.format(target=target, ensure=ensure))


def test_a_script_is_played_and_reported_in_every_form(dunlin_command, echo_server, tmp_path):
    write(tmp_path, echo_server.url)
    finished = run(
        dunlin_command, "run", "load.yml", "--time-scale", "0.1", "--seed", "3", "-o", "run.json", "--html", "run.html",
        "--junit", "run.xml", folder=tmp_path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert "Summary report @" in finished.stdout
    report = json.loads((tmp_path / "run.json").read_text())
    counters = report["aggregate"]["counters"]
    # 40 s at 0.5 a second, a tenth of it: two users of four emits each.
    assert counters["vusers.created"] == counters["vusers.completed"] == counters["vusers.created_by_name.echo"] == 2
    assert counters["socketio.emit"] == 8
    # Only the acknowledged emit has a response time.
    assert report["aggregate"]["summaries"]["socketio.response_time"]["count"] == 2
    assert report["dunlin"]["seed"] == "3"
    assert "</html>" in (tmp_path / "run.html").read_text()
    assert "<testsuite " in (tmp_path / "run.xml").read_text()
    shown = run(dunlin_command, "report", "run.json", folder=tmp_path)
    assert shown.returncode == 0 and "socketio.emit: " in shown.stdout


@pytest.mark.parametrize(
    ("ensure", "status"),
    [
        ("ensure: {thresholds: [{socketio.response_time.p99: 60000}]}", 0),
        ("ensure: {thresholds: [{socketio.emit: 7}]}", 1),
        ("ensure: {conditions: ['socketio.emit == 8']}", 0),
        ("ensure: {conditions: ['vusers.completed > 2']}", 1),
        ("ensuer: {p99: 1}", 2),
    ],
)
def test_the_exit_status_is_the_verdict(dunlin_command, echo_server, tmp_path, ensure, status):
    write(tmp_path, echo_server.url, ensure)
    finished = run(dunlin_command, "run", "load.yml", "--time-scale", "0.1", "-q", folder=tmp_path)
    assert finished.returncode == status, finished.stderr
    if status == 2:
        assert "load.yml:8:3: error: unknown key 'ensuer' in config; did you mean 'ensure'?" in finished.stderr


def test_a_target_that_is_never_reached_has_a_status_of_its_own(dunlin_command, tmp_path):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    write(tmp_path, f"http://127.0.0.1:{port}")
    finished = run(dunlin_command, "run", "load.yml", "--time-scale", "0.1", folder=tmp_path)
    assert finished.returncode == 3
    assert finished.stdout.startswith("warning: the target was never reached")


def test_interrupting_ends_the_run_with_its_summary(dunlin_command, echo_server, tmp_path):
    write(tmp_path, echo_server.url)
    process = subprocess.Popen(
        [dunlin_command, "run", "load.yml", "-o", "run.json"], cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert "Phase started" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert "Summary report @" in output
    assert (tmp_path / "run.json").exists()


def test_a_journey_prints_its_results_in_the_known_form(dunlin_command, echo_server, tmp_path):
    journeys = {
        "targetUrl": echo_server.url, "maxConcurrentUsers": 3, "rampUpDuration": 1, "testDuration": 4,
        "userJourneys": [
            {"name": "join", "weight": 1, "steps": [{"type": "emit", "event": "join", "data": "room"}, {"type": "wait", "duration": 500}]}
        ],
    }  # fmt: skip
    (tmp_path / "journeys.json").write_text(json.dumps(journeys))
    finished = run(dunlin_command, "journey", "journeys.json", "-q", folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "=== Load Test Results ===\nSuccessful Connections: 3\nFailed Connections: 0\nMessages Sent: 3\n" in finished.stdout
