"""`dunlin run` and `dunlin journey` against real servers: reports, exit statuses, signals."""

import json
import resource
import signal
import socket
import subprocess
import textwrap
from contextlib import closing
from pathlib import Path

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


def run(command, *arguments, folder, seconds=240):
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


def classroom_script():
    """The load script of a classroom, which the tests in Swift check too."""
    source = (Path(__file__).parents[1] / "LoadTestingTests/Support/Scripts.swift").read_text()
    return textwrap.dedent(source.split('let classroomScript = """\n')[1].split('\n    """')[0])


def test_the_classroom_script_is_played_as_it_stands_against_the_demo(dunlin, dunlin_command, tmp_path):
    server = dunlin("--demo", "--database", "memory:")
    (tmp_path / "load.yml").write_text(classroom_script())
    (tmp_path / "test-data.csv").write_text("".join(f"user{number},Name {number},test_token\n" for number in range(10)))
    finished = run(
        dunlin_command, "run", "load.yml", "-t", server.url, "--time-scale", "0.005", "--seed", "1", "-q", "-o", "run.json",
        "--html", "run.html", "--junit", "run.xml", folder=tmp_path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    counters = json.loads((tmp_path / "run.json").read_text())["aggregate"]["counters"]
    # 72,000 users in 21 minutes, a two-hundredth of it.
    assert counters["vusers.created"] == counters["vusers.completed"] and abs(counters["vusers.created"] - 360) <= 1
    weights = {"Quiz Participant Journey": 0.6, "Chat User Journey": 0.3, "Dashboard Observer": 0.1}
    played = {name: counters[f"vusers.created_by_name.{name}"] for name in weights}
    assert sum(played.values()) == counters["vusers.created"]
    for name, weight in weights.items():
        # Chosen at random: four standard deviations at most.
        assert abs(played[name] - 360 * weight) < 4 * (360 * weight * (1 - weight)) ** 0.5, played
    for file, content in (("run.html", "</html>"), ("run.xml", "</testsuites>")):
        assert content in (tmp_path / file).read_text()


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


@pytest.mark.parametrize(
    ("answer", "ensure", "status", "told"),
    [
        ("{expect: {json: $.0, value: word}}", "", 0, ""),
        ("{expect: {json: $.0, value: other}}", "", 1, "failed: expectations (2 of 2 failed)\n"),
        ("{match: {json: $.0, value: other}}", "", 1, "failed: no virtual user failed (2 of 2 failed)\n"),
        ("{match: {json: $.0, value: other}}", "ensure: {maxErrorRate: 100}", 0, ""),
    ],
)
def test_failed_expectations_and_failed_users_are_a_status_of_1(dunlin_command, echo_server, tmp_path, answer, ensure, status, told):
    (tmp_path / "load.yml").write_text(
        f"config:\n  target: {echo_server.url}\n  phases: [{{duration: 0.1, arrivalCount: 2}}]\n  {ensure}\n"
        f"scenarios: [{{engine: socketio, flow: [{{emit: [echo, word], acknowledge: {answer}}}]}}]\n"
    )
    finished = run(dunlin_command, "run", "load.yml", "-q", "-o", "run.json", folder=tmp_path)
    assert (finished.returncode, finished.stderr) == (status, told)
    # A run in which everybody failed warns even if its script allows that.
    headlines = json.loads((tmp_path / "run.json").read_text())["dunlin"]["headlines"]
    assert ("nothing worked: all 2 virtual users failed" in headlines) == ("match" in answer)


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
        [dunlin_command, "run", "load.yml", "-o", "run.json", "--html", "run.html"], cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert "Phase started" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert output.startswith("warning: the run was interrupted after ") and "Summary report @" in output
    report = json.loads((tmp_path / "run.json").read_text())["dunlin"]
    assert report["interrupted"] and report["headlines"][0].startswith("the run was interrupted after ")
    page = (tmp_path / "run.html").read_text()
    assert '<ul class="headlines"><li>the run was interrupted after ' in page and 'class="badge good"' not in page
    shown = run(dunlin_command, "report", "run.json", folder=tmp_path)
    assert shown.stdout.startswith("warning: the run was interrupted after ")


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_run_at_once(dunlin_command, tmp_path, second):
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (tmp_path / "load.yml").write_text(
            f"config: {{target: 'http://127.0.0.1:{silent.getsockname()[1]}', phases: [{{duration: 600, users: 1}}], timeout: 600}}\n"
            "scenarios: [{engine: http, flow: [{think: 600}]}]\n"
            "after: {engine: http, flow: [{get: {url: /}}]}\n"
        )
        process = subprocess.Popen(
            [dunlin_command, "run", "load.yml"], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert "Phase started" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        # The users have ended, and `after` waits for an answer that never comes.
        silent.settimeout(60)
        silent.accept()
        process.send_signal(second)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 128 + second and "Summary report" not in output


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


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers", "65"], ["--workers", "0"], ["--machines", "65", "--redis", "redis://127.0.0.1"], ["--machines", "2"],
        ["--time-scale", "0"], ["--event-loops", "257"], ["--metrics-port", "0"], ["--local-address", "here"],
        ["--push-gateway", "nowhere"], ["--no-such-option"],
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_one_line_with_a_status_of_its_own(dunlin_command, tmp_path, arguments):
    write(tmp_path, "http://127.0.0.1:1")
    finished = run(dunlin_command, "run", "load.yml", *arguments, folder=tmp_path)
    assert finished.returncode == 64 and finished.stdout == ""
    assert finished.stderr.startswith("dunlin: ") and finished.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["-o", "--html", "--junit"])
@pytest.mark.parametrize("place", ["no/such/run.json", "load.yml/run.json", "."])
def test_a_report_that_cannot_be_written_is_told_before_the_run(dunlin_command, echo_server, tmp_path, option, place):
    write(tmp_path, echo_server.url)
    finished = run(dunlin_command, "run", "load.yml", option, place, folder=tmp_path)
    assert finished.returncode == 73
    assert finished.stderr.startswith(f"dunlin: cannot write {place}: ") and "Phase started" not in finished.stderr


@pytest.mark.parametrize("more", [[], ["--workers", "2"]])
def test_more_users_than_the_soft_limit_of_descriptors_are_held(dunlin_command, echo_server, tmp_path, more):
    (tmp_path / "crowd.yml").write_text(
        f"config: {{target: {echo_server.url}, phases: [{{duration: 0.1, arrivalCount: 300}}], socketio: {{transports: [websocket]}}}}\n"
        "scenarios: [{engine: socketio, flow: [{emit: [echo, 1], acknowledge: true}, {think: 3}]}]\n"
    )
    finished = subprocess.run(
        [dunlin_command, "run", "crowd.yml", "-o", "run.json", "-q", *more], cwd=tmp_path, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert json.loads((tmp_path / "run.json").read_text())["aggregate"]["counters"]["vusers.completed"] == 300


def test_a_script_without_phases_is_wrong_unless_one_user_is_wanted(dunlin_command, echo_server, tmp_path):
    write(tmp_path, echo_server.url)
    script = (tmp_path / "load.yml").read_text().replace("  phases: [{duration: 40, arrivalRate: 0.5}]\n", "")
    (tmp_path / "load.yml").write_text(script)
    finished = run(dunlin_command, "run", "load.yml", folder=tmp_path)
    assert finished.returncode == 2 and "load.yml:1:1: error: config has no 'phases'" in finished.stderr
    checked = run(dunlin_command, "check", "load.yml", folder=tmp_path)
    assert checked.returncode == 0 and "warning: config has no 'phases'" in checked.stderr
    alone = run(dunlin_command, "run", "load.yml", "--solo", "--time-scale", "0.01", folder=tmp_path)
    assert alone.returncode == 0 and "vusers.created: " in alone.stdout


def test_variables_come_from_a_file_and_those_of_the_process_win(dunlin_command, echo_server, tmp_path):
    (tmp_path / "my.env").write_text(f"TARGET={echo_server.url}\nWORD='from the file'\nPATH=/nowhere\n")
    (tmp_path / "env.yml").write_text("""
config: {target: "{{ $env.TARGET }}"}
scenarios:
  - engine: socketio
    flow:
      - emit: [echo, "{{ $env.WORD }}", "{{ $env.PATH }}"]
        acknowledge: {match: [{value: from the file}, {json: $.1, value: "{{ $env.PATH }}"}]}
      - log: "{{ $env.WORD }} {{ $env.PATH }} {{ $testId }}"
""")
    finished = run(dunlin_command, "run", "env.yml", "--solo", "-v", "--dotenv", "my.env", folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    line = next(line for line in finished.stdout.splitlines() if line.startswith("from the file"))
    assert "/nowhere" not in line and line.split(" ")[-1].startswith("t")
    without = run(dunlin_command, "check", "env.yml", "-t", echo_server.url, folder=tmp_path)
    assert "warning: the environment variable 'WORD' is not set" in without.stderr
    (tmp_path / "my.env").write_text("nonsense\n")
    wrong = run(dunlin_command, "run", "env.yml", "--solo", "--dotenv", "my.env", folder=tmp_path)
    assert wrong.returncode == 2 and wrong.stderr.startswith("my.env:1:1: error: ")
