"""What an operator sees: metrics whose number does not grow with what clients invent, and logs that keep secrets."""

import secrets

import requests

from asynchronous import bounded
from wire import SocketIO


def series(server):
    """The names of all series, with their labels."""
    lines = requests.get(server.url + "/metrics", timeout=5).text.splitlines()
    return {line.rsplit(" ", 1)[0] for line in lines if line and not line.startswith("#")}


@bounded(40)
async def test_clients_cannot_add_series(classroom):
    classroom.start()
    session = requests.Session()
    one = await SocketIO.connect(classroom.port, {"token": "student1_token"})

    async def invent(count):
        for _ in range(count):
            word = secrets.token_hex(6)
            session.get(f"{classroom.url}/{word}/{word}", timeout=5)
            session.get(f"{classroom.url}/api/v1/sessions/{word}/report", timeout=5)
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
    requests.get(f"{classroom.url}/api/v1/quizzes", headers={"Authorization": "Bearer instructor_token"}, timeout=5)
    await one.leave()
    classroom.server.terminate()
    log = classroom.server.errors + "\n".join(classroom.server.lines)
    assert "info" in log or "debug" in log, "it does log"
    for secret in ("student1_token", "instructor_token", "a-wrong-token", "another-wrong-token", "between you and me"):
        assert secret not in log
