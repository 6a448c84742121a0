"""A PostgreSQL server as a child process, in a folder of its own and without a port. It syncs what it commits."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _programs():
    """The folder of the newest PostgreSQL of this machine: Debian keeps it out of the search path."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    found = installed[-1] if installed else shutil.which("postgres")
    assert found, "scripts/install-dependencies.sh test brings PostgreSQL"
    return Path(found).parent


def _become():
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []


def _die_with_the_test():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Postgres:
    def __init__(self, folder: Path):
        self._programs = _programs()
        self.folder = folder
        # A path of a socket has 107 bytes at most.
        folder.mkdir(parents=True)
        for parent in folder.parents:
            if parent.stat().st_uid == os.getuid() and not parent.stat().st_mode & 0o001 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o711)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", "data")
        self.process = None
        self.start()

    @property
    def url(self):
        return f"postgres://postgres@/postgres?host={self.folder}"

    def _run(self, program, *arguments):
        command = [*_become(), self._programs / program, *arguments]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        command = [*_become(), self._programs / "postgres", "-D", "data", "-k", self.folder, "-c", "listen_addresses="]
        self._log = (self.folder / f"log-{time.monotonic_ns()}").open("w+b")
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, preexec_fn=_die_with_the_test
        )
        deadline = time.monotonic() + 120
        while subprocess.run([self._programs / "pg_isready", "-q", "-h", self.folder]).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < deadline, self._text()
            time.sleep(0.02)

    def _text(self):
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def _all(self):
        """The server and the processes that it has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii").split()
        return [self.process.pid, *map(int, children)]

    def _signal_all(self, number):
        for process in self._all():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """As by `kill -9`. Waits: one that was not waited for can look alive."""
        self._signal_all(signal.SIGKILL)
        self.process.wait(60)

    def hang(self):
        """Stops answering, and keeps all connections."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self):
        self._signal_all(signal.SIGCONT)

    def end(self):
        if self.process.poll() is None:
            self.go_on()
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)

    def execute(self, statement):
        self._psql(statement)

    def rows(self, query):
        """The rows of a query, each as a dictionary."""
        lines = self._psql(f"select row_to_json(q) from ({query}) q").splitlines()
        return [json.loads(line) for line in lines if line]

    def _psql(self, statement):
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", statement]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout


def literal(value):
    """A text as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"
