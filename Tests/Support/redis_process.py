"""A real redis-server on a free port, ended by its process id."""

import re
import shutil
import signal
import socket
import subprocess
from contextlib import closing

from server_process import _die_with_the_test


class RedisProcess:
    def __init__(self, folder):
        program = shutil.which("redis-server")
        assert program, "scripts/install-dependencies.sh test brings redis-server"
        # Another process may take the port between the look and the start: then another is tried.
        for _ in range(5):
            with closing(socket.socket()) as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
            self.process = subprocess.Popen(
                [program, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                preexec_fn=_die_with_the_test,
            )  # fmt: skip
            if any(re.search("Ready to accept connections", line) for line in self.process.stdout):
                break
            self.process.wait()
        self.url = f"redis://127.0.0.1:{self.port}"

    def ask(self, *words):
        """The reply to one command, as it comes from the wire."""
        with closing(socket.create_connection(("127.0.0.1", self.port))) as connection:
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
            return connection.recv(65536).decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
