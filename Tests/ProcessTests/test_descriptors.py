"""A server that has no descriptor left for a further connection, against `dunlin serve`."""

import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import requests


def processor_seconds(server):
    """CPU time of the server so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_listener_without_descriptors_rests_and_goes_on_when_some_are_free(dunlin):
    server = dunlin("--database", "memory:", wrapper=("prlimit", "--nofile=60:60"))
    with ExitStack() as connections:
        # More than there are descriptors; the kernel takes the rest into its queue.
        opened = [connections.enter_context(socket.create_connection(("127.0.0.1", server.port), 5)) for _ in range(100)]
        deadline = time.monotonic() + 120
        while "no descriptor is left" not in server.errors:
            assert time.monotonic() < deadline, server.errors[-2_000:]
            time.sleep(0.02)
        before, began = processor_seconds(server), time.monotonic()
        time.sleep(1)  # what is measured is what it does while nothing happens
        share = (processor_seconds(server) - before) / (time.monotonic() - began)
        assert share < 0.3, f"it took {share:.0%} of a core"
        for connection in opened:
            connection.close()
    assert requests.get(server.url + "/", timeout=60).status_code == 200
    assert server.errors.count("no descriptor is left") == 1, "a line once in a while"


def test_the_soft_limit_is_raised_to_the_hard_one(dunlin):
    server = dunlin("--database", "memory:", wrapper=("prlimit", "--nofile=64:512"))
    limits = Path(f"/proc/{server.pid}/limits").read_text("ascii")
    assert [line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")] == [["512", "512"]]
