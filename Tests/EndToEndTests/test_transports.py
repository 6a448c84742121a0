"""The same classroom over every way in: polling only, WebSocket only, TLS."""

import asyncio
import os
import socket
import ssl
import subprocess
import time
from contextlib import closing

import pytest
import requests

from asynchronous import bounded
from players import Player, Players


@pytest.mark.parametrize("transports", [["polling"], ["websocket"]], ids=["polling only", "WebSocket only"])
@bounded(40)
async def test_a_question_is_played_over_one_transport(classroom, transports):
    classroom.start("--question-lead-in", "100")
    async with Players(classroom.url, 2, transports=transports) as (instructor, ann):
        await asyncio.gather(instructor.sign_in("instructor_token"), ann.sign_in("student1_token"))
        assert [player.client.transport() for player in (instructor, ann)] == transports * 2
        await instructor.call("quiz:create_session", {"quizId": "quiz1", "sessionId": "test_transport"})
        await ann.call("quiz:join", {"sessionId": "test_transport"})
        await instructor.call("quiz:start", {"sessionId": "test_transport"})
        await ann.next("quiz:question")
        await ann.emit("quiz:answer", {"questionId": "q1", "answer": 1})
        assert (await ann.next("quiz:answer:result"))["correct"] is True
        board, _ = await instructor.all_of_next("quiz:leaderboard")
        assert board[0]["username"] == "student1"


def serve_tls(classroom):
    certificate, key = classroom.folder / "certificate.pem", classroom.folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    classroom.start("--tls-certificate", certificate, "--tls-key", key)
    return certificate


@bounded(40)
async def test_over_tls(classroom):
    certificate = serve_tls(classroom)
    url = f"https://localhost:{classroom.port}"
    assert requests.get(f"{url}/livez", verify=certificate, timeout=60).status_code == 200
    ann = Player()
    ann.client.eio.ssl_verify = False  # python-socketio has no option for a certificate of one's own
    await ann.connect(url)
    assert (await ann.sign_in("student1_token"))["userId"] == "user1"
    assert ann.client.transport() == "websocket"
    await ann.leave()


def test_under_tls_too_a_slow_request_has_ten_seconds(classroom):
    context = ssl.create_default_context(cafile=serve_tls(classroom))
    plain = socket.create_connection(("127.0.0.1", classroom.port), 60)
    with context.wrap_socket(plain, server_hostname="localhost") as client:
        began = time.monotonic()
        client.sendall(b"GET / HTTP/1.1\r\n")
        # Below TLS: a client that means no good does not answer the server's farewell.
        with closing(socket.socket(fileno=os.dup(client.fileno()))) as raw:
            raw.settimeout(120)
            while raw.recv(4_096):
                pass
        # Not before; how much later depends on the machine, and the socket's own time-out is far beyond it.
        assert time.monotonic() - began > 8
