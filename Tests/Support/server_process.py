"""A server as a child process: started, watched, ended by its process id."""

import ctypes
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

_LISTENING = re.compile(r"^listening on https?://(\[[^\]]+\]|[^:/]+):(\d+)$")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


CHECKOUT = Path(__file__).resolve().parents[2]


def binary(variable, name):
    """The path of a program under test: the one that the environment names, else the debug build's."""
    path = Path(os.environ.get(variable, CHECKOUT / ".build" / "debug" / name))
    assert path.exists(), f"{path} is missing: build it first, or name it in {variable}"
    return path


def _die_with_the_test():
    """In the child, before it becomes the server: the kernel ends it should the test process vanish."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ServerProcess:
    def __init__(self, command, folder: Path, environment=None):
        self.command = [str(part) for part in command]
        self.lines = []
        self.port = None
        self._heard = threading.Condition()
        self._errors = (folder / f"stderr-{time.monotonic_ns()}").open("w+b")
        self.process = subprocess.Popen(
            self.command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            preexec_fn=_die_with_the_test,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self._heard:
                self.lines.append(line)
                match = _LISTENING.match(line)
                if match and self.port is None:
                    self.port = int(match.group(2))
                self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def wait_until_listening(self, seconds=120):
        with self._heard:
            self._heard.wait_for(lambda: self.port is not None or not self._reader.is_alive(), seconds)
        if self.port is None:
            self.kill()
            raise AssertionError(f"{' '.join(self.command)} did not listen; it wrote {self.lines} and {self.errors!r}")
        return self

    def wait_for_line(self, start, seconds=120):
        """What follows `start` in a line of standard output."""
        def found():
            return next((line for line in self.lines if line.startswith(start)), None)

        with self._heard:
            self._heard.wait_for(lambda: found() is not None or not self._reader.is_alive(), seconds)
        assert found() is not None, f"no line begins with {start!r}: {self.lines}"
        return found().removeprefix(start)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def errors(self):
        self._errors.flush()
        return Path(self._errors.name).read_text("utf-8", "replace")

    @property
    def resident_kib(self):
        """Resident memory (VmRSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii", "replace")
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1))

    @property
    def descriptors(self):
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def wait_until_it_has_read(self, connection, seconds=60):
        """Returns when the server has taken all that was sent over an IPv4 connection out of the kernel's buffers."""
        client, server = (f"{port:04X}" for port in (connection.getsockname()[1], self.port))
        deadline = time.monotonic() + seconds
        while True:
            waiting = [line.split()[4] for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
                       if {line.split()[1].split(":")[1], line.split()[2].split(":")[1]} == {client, server}]
            # Each end has a line: nothing is under way from the one, nothing is unread at the other.
            if len(waiting) == 2 and set(waiting) == {"00000000:00000000"}:
                return
            assert time.monotonic() < deadline, "the server does not read"
            time.sleep(0.001)

    @property
    def is_running(self):
        return self.process.poll() is None

    def terminate(self, seconds=120, with_signal=signal.SIGTERM):
        """Asks it to stop; returns its exit status and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(with_signal)
        status = self.process.wait(seconds)
        return status, time.monotonic() - began

    def kill(self):
        """kill -9, and waits until it is gone."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(5)

    def assert_no_crash(self):
        """Once it has ended: by our signal or in good order, and by no other cause."""
        assert self.process.returncode in (0, -signal.SIGKILL), f"it ended with {self.process.returncode}: {self.errors[-4_000:]}"
