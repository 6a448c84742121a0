"""A running load test shown to Prometheus: `/metrics`, and a push gateway."""

import http.server
import re
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import closing, contextmanager

SCRIPT = """
config:
  target: {target}
  phases: [{{duration: 3, arrivalCount: 3}}]
scenarios:
  - engine: socketio
    flow:
      - emit: [echo, 1]
        acknowledge: true
      - think: {think}
"""


@contextmanager
def gateway(status=200):
    """Remembers what is pushed."""
    pushes = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            pushes.append((self.path, self.headers["content-type"], body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pushes
    finally:
        server.shutdown()
        server.server_close()


def run(command, *arguments, folder):
    return subprocess.run(
        [command, "run", "load.yml", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def test_the_last_push_holds_the_whole_run(dunlin_command, echo_server, tmp_path):
    (tmp_path / "load.yml").write_text(SCRIPT.format(target=echo_server.url, think=0.1))
    with gateway() as (url, pushes):
        for address, path in ((url, "/metrics/job/dunlin"), (f"{url}/metrics/job/nightly/instance/a", "/metrics/job/nightly/instance/a")):
            pushes.clear()
            finished = run(dunlin_command, "--push-gateway", address, folder=tmp_path)
            assert finished.returncode == 0, finished.stderr
            assert len(pushes) >= 2, "during the run, and at its end"
            assert {push[0] for push in pushes} == {path}
            assert all(push[1].startswith("text/plain; version=0.0.4") for push in pushes)
            assert 'dunlin_load_events_total{metric="vusers.completed"} 3' in pushes[-1][2]
            assert "dunlin_load_vusers_active 0" in pushes[-1][2]


def test_a_gateway_that_refuses_or_is_away_is_complained_about_once_and_fails_nothing(dunlin_command, echo_server, tmp_path):
    (tmp_path / "load.yml").write_text(SCRIPT.format(target=echo_server.url, think=0.1))
    with gateway(status=503) as (url, _):
        refused = run(dunlin_command, "--push-gateway", url, folder=tmp_path)
    # Nobody listens there any more.
    away = run(dunlin_command, "--push-gateway", url, folder=tmp_path)
    assert refused.returncode == away.returncode == 0
    assert refused.stderr.count("dunlin: the push gateway answers with status 503") == 1
    assert away.stderr.count("dunlin: the push gateway cannot be reached") == 1


def test_metrics_are_served_while_it_runs(dunlin_command, echo_server, tmp_path):
    (tmp_path / "load.yml").write_text(SCRIPT.format(target=echo_server.url, think=600))
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [dunlin_command, "run", "load.yml", "--metrics-port", str(port)], cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        text, deadline = "", time.monotonic() + 60
        # Figures come with each period; a connection that is refused means that the server is not up yet.
        while not re.search(r'dunlin_load_events_total\{metric="vusers.created"\} 3', text):
            assert time.monotonic() < deadline and process.poll() is None, text
            try:
                text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()
            except OSError:
                time.sleep(0.05)
        assert "dunlin_load_vusers_active 3" in text
        assert re.search(r'dunlin_load_time_seconds\{metric="socketio.response_time",percentile="99"\} [0-9.e-]+', text)
    finally:
        process.terminate()
        process.communicate(timeout=60)
