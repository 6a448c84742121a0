"""Counts what echo-server allocates per message and per connection, by interposing malloc, and fails if it is more than it was.

    allocations.py ECHO_SERVER RTLOAD MALLOC_COUNT_SO

Prints one line a case. Only what the server allocates within the measured window counts, so connections that are opened and closed before and
after it add nothing. A delivery of a broadcast allocates nothing at all: the case counts the allocations of a broadcast as a whole, which do not
depend on how many receive it or on how their writes are spread over the turns of a loop. So one more for each delivery, or for each turn, is far
over its limit, and a busy machine is not.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

RECEIVERS = 1_000
# case -> (an option of the server, rtload's options, messages that are counted as one, the most allocations of each)
CASES = {
    "echo, 1 in flight": ("", ["--ack", "-c", "100", "-p", "1", "-s", "32"], 1, 0.1),
    "echo, 16 in flight": ("", ["--ack", "-c", "100", "-p", "16", "-s", "32"], 1, 0.05),
    "echo of a Codable object": ("--typed", ["--ack", "--object", "-c", "100", "-p", "1", "-s", "32"], 1, 10),
    f"broadcast to {RECEIVERS}": ("", ["--mode", "broadcast", "-c", str(RECEIVERS), "-p", "1", "-s", "128"], RECEIVERS, 16),
    "connect": ("", ["--mode", "connect", "-c", "32", "--srcs", "8"], 1, 80),
}
IDLE = 2_000
IDLE_BYTES = 3_600


def counts(path):
    """Allocations, bytes, live blocks, live bytes, then live blocks by size."""
    with open(path, "rb") as file:
        data = file.read()
    return struct.unpack(f"={len(data) // 8}Q", data)


class Server:
    """echo-server with its counts."""

    def __init__(self, binary, option, library, path):
        environment = dict(os.environ, LD_PRELOAD=os.path.abspath(library), MALLOC_COUNTS=path)
        command = ["taskset", "-c", "0", binary, "--port", "0", *option.split()]
        self.path = path
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def load(self, rtload, options):
        """An rtload that runs against the server."""
        command = ["taskset", "-c", "1", rtload, "--proto", "sio", "--port", str(self.port), *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def allocations(self, rtload, options):
        """Allocations per message."""
        with self.load(rtload, ["--json", "--mallocs", self.path, "-w", "0.5", "-d", "2", *options]) as process:
            result = json.loads(process.stdout.read())
        assert process.returncode == 0 and not result["errors"] and not result["mismatches"], result
        return result["allocations"] / result["count"]


def idle(server, rtload):
    """Live blocks and bytes of an idle connection."""
    before = most = counts(server.path)
    with server.load(rtload, ["--mode", "idle", "-c", str(IDLE), "--touch", "-d", "3"]) as process:
        while process.poll() is None:
            now = counts(server.path)
            if now[3] > most[3]:
                most = now
    per_connection = [(now - start) / IDLE for now, start in zip(most, before)]
    if os.environ.get("ALLOCATIONS_BY_SIZE"):
        for index, live in enumerate(per_connection[4:]):
            if live >= 0.5:
                print(f"    {'over 4096' if index == 256 else f'up to {16 * (index + 1)}'} bytes: {live:.2f}")
    return per_connection[2], per_connection[3]


def main(binary, rtload, library):
    failed = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(binary, "", library, os.path.join(folder, "plain")) as plain,
        Server(binary, "--typed", library, os.path.join(folder, "typed")) as typed,
    ):
        for case, (option, options, unit, limit) in CASES.items():
            each = (typed if option else plain).allocations(rtload, options) * unit
            print(f"{case:25} {each:8.3f} allocations (at most {limit:g})")
            if each > limit:
                failed.append(case)
        # Last, when the tables of the loops have grown for the connections of the other cases.
        blocks, size = idle(plain, rtload)
        print(f"{'idle connection':25} {blocks:8.1f} blocks, {size:.0f} bytes (at most {IDLE_BYTES})")
        if size > IDLE_BYTES:
            failed.append("idle connection")
    if failed:
        sys.exit("more than it was: " + ", ".join(failed))


if __name__ == "__main__":
    main(*sys.argv[1:])
