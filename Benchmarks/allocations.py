"""Counts what echo-server allocates per message and per connection, by interposing malloc, and fails if it is more than it was.

    allocations.py ECHO_SERVER RTLOAD MALLOC_COUNT_SO

Prints one line a case. Allocations do not depend on how busy the machine is, so a limit is what was counted, with little room for what comes and
goes in batches. `make bench` runs it.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

# case -> rtload's options, and the most allocations per message, delivery or connection
CASES = {
    "echo, 1 in flight": (["--ack", "-c", "100", "-p", "1", "-s", "32", "-d", "2"], 0.2),
    "echo, 16 in flight": (["--ack", "-c", "100", "-p", "16", "-s", "32", "-d", "2"], 0.05),
    "broadcast to 1000": (["--mode", "broadcast", "-c", "1000", "-p", "1", "-s", "128", "-d", "2"], 0.05),
    "connect": (["--mode", "connect", "-c", "32", "--srcs", "8", "-d", "2"], 110.0),
}
IDLE = 2_000
IDLE_BYTES = 3_600


def counts(path):
    """Allocations, bytes, live blocks, live bytes, then live blocks by size."""
    with open(path, "rb") as file:
        data = file.read()
    return struct.unpack(f"={len(data) // 8}Q", data)


def run(rtload, port, options):
    command = ["taskset", "-c", "1", rtload, "--proto", "sio", "--port", str(port), "--json", "-w", "0.5", *options]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert not result["errors"] and not result["mismatches"], result
    return result


def main(server, rtload, library):
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "counts")
        environment = dict(os.environ, LD_PRELOAD=os.path.abspath(library), MALLOC_COUNTS=path)
        process = subprocess.Popen(["taskset", "-c", "0", server, "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment)
        try:
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            for case, (options, limit) in CASES.items():
                # Twice, and the difference: what opening and closing the connections takes is in both.
                short = options[:-1] + ["1"]
                before = counts(path)[0]
                first = run(rtload, port, short)
                between = counts(path)[0]
                second = run(rtload, port, options)
                after = counts(path)[0]
                messages = second["count"] - first["count"] if "connect" not in case else second["count"] + second["conns"]
                allocations = after - between - (between - before) if "connect" not in case else after - between
                each = allocations / messages
                print(f"{case:24} {each:8.3f} allocations (at most {limit:g})")
                if each > limit:
                    failed.append(case)
            before = counts(path)
            idle = subprocess.Popen(
                ["taskset", "-c", "1", rtload, "--proto", "sio", "--port", str(port), "--mode", "idle", "-c", str(IDLE), "--touch", "-d", "3"],
                stdout=subprocess.DEVNULL,
            )
            most = before
            while idle.poll() is None:
                now = counts(path)
                if now[3] > most[3]:
                    most = now
            blocks, size = (most[2] - before[2]) / IDLE, (most[3] - before[3]) / IDLE
            print(f"{'idle connection':24} {blocks:8.1f} blocks, {size:.0f} bytes (at most {IDLE_BYTES})")
            if size > IDLE_BYTES:
                failed.append("idle connection")
            for index in range(257):
                live = (most[4 + index] - before[4 + index]) / IDLE
                if live >= 0.5 and os.environ.get("ALLOCATIONS_BY_SIZE"):
                    print(f"    {'over 4096' if index == 256 else f'up to {16 * (index + 1)}'} bytes: {live:.2f}")
        finally:
            process.terminate()
            process.wait()
    if failed:
        sys.exit("more than it was: " + ", ".join(failed))


if __name__ == "__main__":
    main(*sys.argv[1:])
