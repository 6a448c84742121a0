"""A real redis-server on a free port, ended by its process id."""

import random
import re
import shutil
import signal
import socket
import subprocess
from contextlib import closing

from server_process import _die_with_the_test


def free_port():
    """A free port below those that the kernel gives to clients: it stays free while its server is restarted."""
    while True:
        port = random.randrange(20_000, 32_000)
        with closing(socket.socket()) as free:
            try:
                free.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class RedisProcess:
    def __init__(self, folder):
        self.folder = folder
        # Another process may take the port between the look and the start: then another is tried.
        for _ in range(5):
            self.port = free_port()
            if self.start():
                break
        self.url = f"redis://127.0.0.1:{self.port}"

    def start(self):
        """Also after `kill` or `stop`: on the same port, and empty. Returns whether it takes connections."""
        program = shutil.which("redis-server")
        assert program, "scripts/install-dependencies.sh test brings redis-server"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [program, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=_die_with_the_test,
        )  # fmt: skip
        if any(re.search("Ready to accept connections", line) for line in self.process.stdout):
            return True
        self.process.wait()
        return False

    def ask(self, *words):
        """The reply to one command, as it comes from the wire."""
        with closing(socket.create_connection(("127.0.0.1", self.port))) as connection:
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
            return connection.recv(65536).decode()

    def lines(self, *words):
        """The reply to a command, as `redis-cli` prints it: one line an element."""
        command = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def kill(self):
        """At once, as a power cut does."""
        self.process.kill()
        self.process.wait(30)
