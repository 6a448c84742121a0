"""What Engine.IO answers to HTTP requests that are wrong, against `echo-server`."""

import itertools
import socket
import time
from contextlib import ExitStack, closing

import pytest
import requests

PATH = "/socket.io/"
POLLING = {"EIO": "4", "transport": "polling"}
LIMIT = 1_000_000


def get(server, parameters, method="GET", **more):
    return requests.request(method, server.url + PATH, params=parameters, timeout=60, **more)


def handshake(server):
    opened = get(server, POLLING)
    assert opened.status_code == 200 and opened.text.startswith("0{")
    return {**POLLING, "sid": opened.text.split('"sid":"')[1].split('"')[0]}


ERRORS = {
    "no transport": ({"EIO": "4"}, "GET", 0, "Transport unknown"),
    "an unknown transport": ({"EIO": "4", "transport": "pigeon"}, "GET", 0, "Transport unknown"),
    "an unknown session": ({**POLLING, "sid": "nobody"}, "GET", 1, "Session ID unknown"),
    "a POST to an unknown session": ({**POLLING, "sid": "nobody"}, "POST", 1, "Session ID unknown"),
    "a handshake by POST": (POLLING, "POST", 2, "Bad handshake method"),
    "a WebSocket without its upgrade": ({"EIO": "4", "transport": "websocket"}, "GET", 3, "Bad request"),
    "an old protocol": ({"EIO": "3", "transport": "polling"}, "GET", 5, "Unsupported protocol version"),
    "no protocol": ({"transport": "polling"}, "GET", 5, "Unsupported protocol version"),
}


@pytest.mark.parametrize(("parameters", "method", "code", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_has_its_code_and_message(echo_server, parameters, method, code, message):
    answer = get(echo_server, parameters, method)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == {"code": code, "message": message}


def test_the_handshake_offers_what_the_reference_offers(echo_server):
    opened = get(echo_server, POLLING, headers={"Origin": "https://anywhere.example"})
    assert opened.headers["content-type"].lower() == "text/plain; charset=utf-8"
    assert opened.headers["cache-control"] == "no-store"
    assert opened.headers["access-control-allow-origin"] in ("*", "https://anywhere.example")
    assert '"upgrades":["websocket"]' in opened.text
    for option in ('"pingInterval":25000', '"pingTimeout":20000', '"maxPayload":1000000'):
        assert option in opened.text


def test_a_preflight_is_answered(echo_server):
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-mine"}
    answer = get(echo_server, POLLING, "OPTIONS", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] in ("*", "https://a.example")
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_an_event_by_polling_is_acknowledged_by_polling(echo_server):
    session = handshake(echo_server)
    assert get(echo_server, session, "POST", data="40").text == "ok"
    assert get(echo_server, session).text.startswith('40{"sid":"')
    posted = get(echo_server, session, "POST", data='421["echo","a"]\x1e422["echo","b"]')
    assert posted.text == "ok" and posted.headers["content-type"].startswith("text/html")
    assert get(echo_server, session).text == '431["a"]\x1e432["b"]'


def test_binary_travels_in_base64_by_polling(echo_server):
    session = handshake(echo_server)
    get(echo_server, session, "POST", data="40")
    get(echo_server, session)
    posted = '451-7["echo",{"_placeholder":true,"num":0}]\x1ebAAH/'
    assert get(echo_server, session, "POST", data=posted).text == "ok"
    assert get(echo_server, session).text == '461-7[{"_placeholder":true,"num":0}]\x1ebAAH/'


def test_a_get_that_is_given_up_ends_the_session(echo_server):
    session = handshake(echo_server)
    query = "&".join(f"{key}={value}" for key, value in session.items())
    with closing(socket.create_connection(("127.0.0.1", echo_server.port), 60)) as poll:
        poll.sendall(f"GET {PATH}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        echo_server.wait_until_it_has_read(poll)
    deadline = time.monotonic() + 60
    while get(echo_server, session, "POST", data="3").status_code == 200:
        assert time.monotonic() < deadline, "the session lives on"
    assert get(echo_server, session).json()["code"] == 1


def test_a_pending_get_is_released_when_the_client_closes(echo_server):
    session = handshake(echo_server)
    with closing(socket.create_connection(("127.0.0.1", echo_server.port), 60)) as poll:
        query = "&".join(f"{key}={value}" for key, value in session.items())
        poll.sendall(f"GET {PATH}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        echo_server.wait_until_it_has_read(poll)
        assert get(echo_server, session, "POST", data="1").text == "ok"
        answer = poll.recv(4_096)
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"6")
    assert get(echo_server, session).status_code == 400


def test_a_second_get_beside_a_pending_one_ends_the_session(echo_server):
    session = handshake(echo_server)
    query = "&".join(f"{key}={value}" for key, value in session.items())
    with ExitStack() as connections:
        polls = [connections.enter_context(closing(socket.create_connection(("127.0.0.1", echo_server.port), 60))) for _ in range(2)]
        for poll in polls:
            poll.sendall(f"GET {PATH}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        # Nothing tells which of them comes first.
        pending, refused = sorted(poll.recv(4_096) for poll in polls)
    assert pending.startswith(b"HTTP/1.1 200") and pending.endswith(b"1")
    assert refused.startswith(b"HTTP/1.1 400")
    assert get(echo_server, session).json()["code"] == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b"", {}, id="an empty body"),
        pytest.param(b"40", {"Content-Type": "application/octet-stream"}, id="octets"),
        pytest.param(b"nonsense", {}, id="no packet"),
        pytest.param(b"4\xff\xfe", {}, id="not UTF-8"),
        pytest.param(b"b!!!", {}, id="no base64"),
    ],
)
def test_a_bad_body_ends_the_session(echo_server, body, headers):
    session = handshake(echo_server)
    get(echo_server, session, "POST", data=body, headers=headers)
    deadline = time.monotonic() + 60
    while get(echo_server, session).status_code == 200:  # what was queued before may still be fetched
        assert time.monotonic() < deadline, "the session lives on"
    assert get(echo_server, session).json()["code"] == 1


def test_an_oversized_post_can_read_its_413_and_the_session_survives(echo_server):
    session = handshake(echo_server)
    for size in (LIMIT + 1, 5 * LIMIT):
        answer = get(echo_server, session, "POST", data=b"4" * size)
        assert answer.status_code == 413
    assert get(echo_server, session, "POST", data="40").text == "ok"
    assert get(echo_server, session).text.startswith("40{")


def test_an_oversized_post_in_chunks_gets_its_413_too(echo_server):
    session = handshake(echo_server)
    chunks = (b"4" * 100_000 for _ in range(11))
    assert get(echo_server, session, "POST", data=chunks).status_code == 413


@pytest.mark.parametrize("count", [0, 1, 50, 1_000, 70_000])
def test_any_number_of_headers_is_answered(echo_server, count):
    with closing(socket.create_connection(("127.0.0.1", echo_server.port), 60)) as client:
        client.settimeout(60)
        head = f"GET {PATH}?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        client.sendall(head.encode() + b"".join(b"x-%d: y\r\n" % number for number in range(count)) + b"\r\n")
        status = int(client.recv(4_096).split(b" ")[1])
        assert status == (200 if count <= 50 else 431)
    assert handshake(echo_server)


def test_nothing_that_is_reflected_carries_a_line_break(echo_server):
    answer = get(echo_server, {**POLLING, "sid": "a\r\nX-Evil: 1"}, headers={"Origin": "https://a.example"})
    assert answer.status_code == 400
    assert "x-evil" not in answer.headers


def test_every_crafted_request_is_answered_within_a_second_and_leaves_nothing(echo_server):
    known = handshake(echo_server)["sid"]
    queries = ["", "EIO=4", "EIO=4&EIO=3", "transport=websocket", "transport[]=polling", "sid=", "%", "%00", "a" * 4_000]
    queries += [f"EIO=4&transport={transport}&sid={sid}" for transport in ("polling", "websocket") for sid in ("x", "..", known)]
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]
    upgrades = [
        "",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\n",
    ]
    before = echo_server.descriptors
    for query, method, upgrade in itertools.product(queries, methods, upgrades):
        waits = method == "GET" and "polling" in query and known in query  # a poll of a session that has nothing to say
        with closing(socket.create_connection(("127.0.0.1", echo_server.port), 60)) as client:
            client.sendall(f"{method} {PATH}?{query} HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n".encode())
            if not waits:
                try:
                    client.recv(1)
                except TimeoutError:
                    pytest.fail(f"no answer to {method} ?{query} with {upgrade!r}")
    assert handshake(echo_server)
    deadline = time.monotonic() + 60
    while echo_server.descriptors > before + 2:
        assert time.monotonic() < deadline, "descriptors are left open"
        time.sleep(0.05)
