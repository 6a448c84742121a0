#!/usr/bin/env python3
"""What load generators cost: `dunlin run` beside k6, Locust with python-socketio, and tsung, in turn in one run against one server.

The server (echo-server) runs on core 0, the generator on core 1. The generator's CPU time is what the kernel charges its process (user and
system), its start included.

    Benchmarks/load_figures.py [--dunlin .build/release/dunlin] [--server .build/release/echo-server] [--rounds 3] [--only trips,idle,hold,flat]

trips  round trips of emit and acknowledgement per CPU-second: 100 virtual users, one message of 45 bytes in flight each
idle   memory and CPU per virtual user that connects and is idle
hold   many virtual users at once from one process
flat   the generator's memory over the samples of an hour

`scripts/install-dependencies.sh bench` brings k6 and Locust. A generator that is not there is left out, and the output says so.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = CHECKOUT / ".tools" / "venv" / "bin"
# 45 bytes as JSON: what figures of other generators were taken with.
PAYLOAD = "x" * 43
USERS = 100
SERVER_CORE, GENERATOR_CORE = 0, 1

TRIPS = """
config:
  target: {url}
  phases: [{{duration: 0.01, arrivalCount: {users}}}]
  socketio: {{transports: [websocket]}}
  timeout: 60
scenarios:
  - engine: socketio
    flow:
      - loop: [{{emit: [echo, "{payload}"], acknowledge: true}}]
        count: {count}
"""

IDLE = """
config:
  target: {url}
  phases: [{{duration: {ramp}, arrivalCount: {users}}}]
  socketio: {{transports: [websocket]}}
  timeout: 60
scenarios:
  - engine: socketio
    flow: [{{emit: [join, idle], acknowledge: true}}, {{think: {think}}}]
"""

# Frames as they are: k6 knows no Socket.IO.
K6 = """
import ws from 'k6/ws';
import { Counter } from 'k6/metrics';
export const options = { scenarios: { all: { executor: 'per-vu-iterations', vus: %(users)d, iterations: 1, maxDuration: '10m' } } };
const trips = new Counter('trips');
export default function () {
  ws.connect('%(url)s/socket.io/?EIO=4&transport=websocket', null, function (socket) {
    let sent = 0;
    function next() { if (sent === %(count)d) return socket.close(); socket.send('42' + sent++ + '["echo","%(payload)s"]'); }
    socket.on('message', function (text) {
      if (text[0] === '0') return socket.send('40');
      if (text === '2') return socket.send('3');
      if (text.startsWith('43')) trips.add(1);
      next();
    });
  });
}
"""

LOCUST = """
import socketio
from locust import User, constant, task

class Chat(User):
    wait_time = constant(0)

    def on_start(self):
        self.client = socketio.Client()
        self.client.connect("%(url)s", transports=["websocket"])

    @task
    def trip(self):
        self.client.call("echo", "%(payload)s", timeout=60)
        self.environment.events.request.fire(request_type="emit", name="echo", response_time=0, response_length=0, exception=None)
"""

TSUNG = """<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="notice">
  <clients><client host="localhost" use_controller_vm="true" maxusers="20000"/></clients>
  <servers><server host="127.0.0.1" port="%(port)d" type="tcp"/></servers>
  <load><arrivalphase phase="1" duration="10" unit="minute"><users maxnumber="%(users)d" arrivalrate="%(users)d" unit="second"/></arrivalphase></load>
  <sessions><session name="echo" probability="100" type="ts_websocket">
    <request><websocket type="connect" path="/socket.io/?EIO=4&amp;transport=websocket"></websocket></request>
    <request><websocket type="message">40</websocket></request>
    <for from="1" to="%(count)d" var="i"><request><websocket type="message">420["echo","%(payload)s"]</websocket></request></for>
    <request><websocket type="close"></websocket></request>
  </session></sessions>
</tsung>
"""


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), program, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = self.process.stdout.readline()
        found = re.match(r"listening on (http://[^:]+:(\d+))", line)
        assert found, f"the server said {line!r}"
        self.url, self.port = found[1], int(found[2])

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.kill()
        self.process.wait()


def pinned(command):
    return ["taskset", "-c", str(GENERATOR_CORE), *map(str, command)]


def cpu_of(command, folder, environment=None):
    """Runs a generator to its end. Its CPU seconds, with those of its children, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(pinned(command), cwd=folder, capture_output=True, text=True, timeout=900, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if finished.returncode not in (0, 99):
        sys.exit(f"{command[0]} ended with {finished.returncode}:\n{finished.stdout[-2000:]}\n{finished.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, finished.stdout + finished.stderr


# ------------------------------------------------------------------ round trips


def dunlin_trips(options, server, folder):
    count = options.count
    (folder / "trips.yml").write_text(TRIPS.format(url=server.url, users=USERS, payload=PAYLOAD, count=count))
    cpu, _ = cpu_of([options.dunlin, "run", "trips.yml", "-q", "-o", "trips.json", "--event-loops", "1"], folder)
    measured = json.loads((folder / "trips.json").read_text())["aggregate"]["summaries"]["socketio.acknowledgement_time"]["count"]
    assert measured == count * USERS, measured
    return measured / cpu


def k6_trips(options, server, folder):
    count = max(options.count // 8, 1)
    script = K6 % {"users": USERS, "url": server.url.replace("http", "ws"), "count": count, "payload": PAYLOAD}
    (folder / "trips.js").write_text(script)
    cpu, output = cpu_of([TOOLS / "k6", "run", "--quiet", "--no-usage-report", "trips.js"], folder, {**os.environ, "GOMAXPROCS": "1"})
    measured = int(re.search(r"trips\.*:\s+(\d+)", output)[1])
    assert measured == count * USERS, output
    return measured / cpu


def locust_trips(options, server, folder):
    (folder / "locustfile.py").write_text(LOCUST % {"url": server.url, "payload": PAYLOAD})
    # It has no number of iterations: it plays for a time, and counts.
    cpu, output = cpu_of([TOOLS / "locust", "--headless", "--only-summary", "-u", USERS, "-r", USERS, "-t", "15s"], folder)
    measured = int(re.search(r"Aggregated\s+(\d+)", output)[1])
    assert measured > 0, output
    return measured / cpu


def tsung_trips(options, server, folder):
    count = max(options.count // 8, 1)
    (folder / "tsung.xml").write_text(TSUNG % {"port": server.port, "users": USERS, "count": count, "payload": PAYLOAD})
    cpu, _ = cpu_of(["tsung", "-f", "tsung.xml", "-l", folder / "tsung", "start"], folder, {**os.environ, "HOME": str(folder)})
    return count * USERS / cpu


def generators():
    """Name, how its round trips are measured, whether it is there."""
    return [
        ("dunlin run", dunlin_trips, True),
        ("k6 (raw frames)", k6_trips, (TOOLS / "k6").exists()),
        ("Locust + python-socketio", locust_trips, (TOOLS / "locust").exists()),
        ("tsung (raw frames)", tsung_trips, shutil.which("tsung") is not None),
    ]


def trips(options, folder):
    found = {}
    for number in range(options.rounds):
        for name, measure, is_there in generators():
            if not is_there:
                continue
            with Server(options.server) as server:
                found.setdefault(name, []).append(measure(options, server, folder))
            print(f"round {number + 1}: {name}: {found[name][-1]:,.0f} round trips per CPU-second", flush=True)
    print("\n| generator | round trips per CPU-second | dunlin is |\n|---|---|---|")
    ours = statistics.median(found["dunlin run"])
    for name, _, is_there in generators():
        if is_there:
            median = statistics.median(found[name])
            print(f"| {name} | {median:,.0f} | {ours / median:.1f} times |")
        else:
            print(f"| {name} | not installed | |")
    return ours >= 70_000


# ------------------------------------------------------------------ idle users


def status(pid, field):
    return int(re.search(rf"{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def cpu_seconds(pid):
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def connections(pid):
    count = 0
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(descriptor).startswith("socket:")
        except OSError:
            pass
    return count


class Generator:
    """`dunlin run` at work."""

    def __init__(self, options, folder, *arguments):
        self.process = subprocess.Popen(
            pinned([options.dunlin, "run", *arguments, "--event-loops", "1"]), cwd=folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.pid = self.process.pid

    def wait_for_connections(self, count, seconds=120):
        """Whether there were so many at once in that time."""
        end = time.monotonic() + seconds
        while connections(self.pid) < count:
            if time.monotonic() > end or self.process.poll() is not None:
                return False
            time.sleep(0.2)
        return True

    def end(self):
        self.process.terminate()
        self.process.wait(120)


def idle(options, folder):
    """Memory and CPU between a small crowd and a large one: what the program itself needs cancels out."""
    figures = []
    for users in (500, 5_500):
        (folder / "idle.yml").write_text(IDLE.format(url="http://127.0.0.1:1", users=users, ramp=users / 500, think=600))
        with Server(options.server) as server:
            generator = Generator(options, folder, "idle.yml", "-t", server.url)
            assert generator.wait_for_connections(users), f"not all of {users} users connected"
            # The last acknowledgements come in, and the clock ticks a while for everybody alike.
            time.sleep(5)
            figures.append((status(generator.pid, "VmRSS"), cpu_seconds(generator.pid)))
            generator.end()
    memory = (figures[1][0] - figures[0][0]) / 5_000
    cpu = (figures[1][1] - figures[0][1]) / 5_000 * 1_000
    print(f"idle virtual user: {memory:.1f} KiB; connect, join and one message: {cpu:.3f} CPU-ms")
    return memory <= 10 and cpu <= 0.3


def hold(options, folder):
    users = options.hold
    (folder / "hold.yml").write_text(IDLE.format(url="http://127.0.0.1:1", users=users, ramp=30, think=600))
    with Server(options.server) as server:
        generator = Generator(options, folder, "hold.yml", "-t", server.url, "-o", "hold.json")
        is_full = generator.wait_for_connections(users)
        # All at once for a while; an interrupt then ends those who are still there.
        time.sleep(10)
        memory, held = status(generator.pid, "VmRSS"), connections(generator.pid)
        generator.end()
    counters = json.loads((folder / "hold.json").read_text())["aggregate"]["counters"]
    completed = counters.get("vusers.completed", 0)
    print(f"held at once: {users if is_full else held:,} virtual users in {memory / 1024:.0f} MiB; completed {completed:,}")
    for name, count in sorted(counters.items()):
        if name.startswith(("errors.", "socketio.disconnects.")):
            print(f"  {name}: {count:,}")
    return completed == users


def flat(options, folder):
    """An hour at a thousand messages a second has 3.6 million samples."""
    samples = 3_600_000
    (folder / "flat.yml").write_text(TRIPS.format(url="http://127.0.0.1:1", users=USERS, payload=PAYLOAD, count=samples // USERS))
    sizes = []
    with Server(options.server) as server:
        generator = Generator(options, folder, "flat.yml", "-t", server.url, "-o", "flat.json")
        while generator.process.poll() is None:
            try:
                sizes.append(status(generator.pid, "VmRSS"))
            except (OSError, TypeError):
                break
            time.sleep(0.5)
        generator.process.wait(60)
    settled, last = sizes[len(sizes) // 4], max(sizes[-8:])
    print(f"memory over {samples:,} samples: {settled / 1024:.1f} MiB after a quarter, {last / 1024:.1f} MiB at the end")
    return last <= settled * 1.1 + 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=CHECKOUT / ".build/release/dunlin", type=pathlib.Path)
    parser.add_argument("--server", default=CHECKOUT / ".build/release/echo-server", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=10_000, help="round trips of one virtual user")
    parser.add_argument("--hold", type=int, default=18_000)
    parser.add_argument("--only", default="trips,idle,hold,flat")
    parser.add_argument("--check", action="store_true", help="end with status 1 if a figure is missed")
    options = parser.parse_args()
    options.dunlin, options.server = options.dunlin.resolve(), options.server.resolve()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    parts = {"trips": trips, "idle": idle, "hold": hold, "flat": flat}
    with tempfile.TemporaryDirectory() as folder:
        reached = [parts[name](options, pathlib.Path(folder)) for name in options.only.split(",")]
    if options.check and not all(reached):
        sys.exit(1)


if __name__ == "__main__":
    main()
