"""A `redis-server` as a child process: on a free port of the loopback interface, in a folder of its own, ended by its process id."""

import shutil
import socket
import subprocess
import time


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class RedisServer:
    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        program = shutil.which("redis-server")
        assert program, "scripts/install-dependencies.sh test brings redis-server"
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [*command, "--dir", str(self.folder), "--daemonize", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, "redis-server did not start"
                time.sleep(0.01)

    def kill(self):
        """At once, as a power cut does: it has nothing when it comes back."""
        self.process.kill()
        self.process.wait()

    def ask(self, *words):
        """The reply to a command, as `redis-cli` prints it: one line an element."""
        answer = subprocess.run(
            ["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=True, timeout=60
        )
        return answer.stdout.splitlines()
