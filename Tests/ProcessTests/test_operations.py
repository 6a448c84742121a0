"""What an operator sees: metrics whose number does not grow with what clients invent, and logs that keep secrets."""

import resource
import secrets
import time

import requests

from asynchronous import bounded
from wire import SocketIO


def series(server):
    """The names of all series, with their labels."""
    lines = requests.get(server.url + "/metrics", timeout=60).text.splitlines()
    return {line.rsplit(" ", 1)[0] for line in lines if line and not line.startswith("#")}


@bounded(40)
async def test_clients_cannot_add_series(classroom):
    classroom.start()
    session = requests.Session()
    one = await SocketIO.connect(classroom.port, {"token": "student1_token"})

    async def invent(count):
        for _ in range(count):
            word = secrets.token_hex(6)
            session.get(f"{classroom.url}/{word}/{word}", timeout=60)
            session.get(f"{classroom.url}/api/v1/sessions/{word}/report", timeout=60)
            one.emit(word, {word: word})
        await one.call("chat:join", {"roomId": "room"})

    await invent(20)
    before = series(classroom.server)
    await invent(200)
    assert series(classroom.server) == before
    assert any("connections" in name for name in before)


@bounded(40)
async def test_the_log_holds_no_token_and_no_message(classroom):
    classroom.start("--log-level", "trace")
    one = await SocketIO.connect(classroom.port, {"token": "student1_token"})
    await one.call("chat:join", {"roomId": "room"})
    await one.call("chat:message", {"roomId": "room", "content": "between you and me", "type": "text"})
    await one.call("auth", {"token": "a-wrong-token"})
    await one.call("quiz:join", {"sessionId": "nowhere", "token": "another-wrong-token"})
    requests.get(f"{classroom.url}/api/v1/quizzes", headers={"Authorization": "Bearer instructor_token"}, timeout=60)
    await one.leave()
    classroom.server.terminate()
    log = classroom.server.errors + "\n".join(classroom.server.lines)
    assert "info" in log or "debug" in log, "it does log"
    for secret in ("student1_token", "instructor_token", "a-wrong-token", "another-wrong-token", "between you and me"):
        assert secret not in log


def test_a_disk_that_takes_no_more_fails_the_readiness_and_names_the_database(dunlin):
    # The limit on file sizes stands for the full disk; its signal is ignored, as the program that starts the server says.
    server = dunlin("--database", "sqlite:full.sqlite", wrapper=["env", "--ignore-signal=XFSZ"])

    def readiness():
        answer = requests.get(server.url + "/readyz", timeout=60)
        return answer.status_code, answer.json()["status"]

    def comes_to(expected):
        # An answer is kept for half a second: asked again and again it is another one soon, if it ever is.
        deadline = time.monotonic() + 120
        while readiness() != expected:
            assert time.monotonic() < deadline, f"it stays {readiness()}"
            time.sleep(0.05)

    assert readiness() == (200, "ready")
    limits = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    comes_to((503, "database_unavailable"))
    assert requests.get(server.url + "/livez", timeout=60).status_code == 200
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limits)
    comes_to((200, "ready"))
