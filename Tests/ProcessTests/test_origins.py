"""Whom the classroom lets in by Origin: its own pages, what is allowed by name, and programs that send none."""

import socket

import pytest
import requests

from asynchronous import bounded
from wire import Refused, WebSocket

POLLING = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture
def server(dunlin):
    return dunlin("--database", "memory:", "--allowed-origin", "https://school.example")


FOREIGN = [
    "https://evil.example",
    "null",
    "https://school.example.evil.example",
    "https://evilschool.example",
    "http://school.example",
    "http://127.0.0.1.evil.example",
]


@pytest.mark.parametrize("origin", FOREIGN)
@bounded(20)
async def test_a_foreign_origin_is_refused_on_both_transports(server, origin):
    assert requests.get(server.url + POLLING, headers={"Origin": origin}, timeout=60).status_code == 403
    with pytest.raises(Refused) as refused:
        await WebSocket.open(server.port, headers={"Origin": origin})
    assert refused.value.status == 403


@bounded(20)
async def test_its_own_origin_an_allowed_one_and_none_are_let_in(server):
    for headers in ({"Origin": server.url}, {"Origin": "https://school.example"}, {}):
        assert requests.get(server.url + POLLING, headers=headers, timeout=60).status_code == 200
        socket = await WebSocket.open(server.port, headers=headers)
        assert (await socket.read()).startswith("0{")
        socket.close()


def test_the_pages_forbid_foreign_scripts(server):
    page = requests.get(server.url + "/", timeout=60)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def status(server, target, host, *fields):
    """The status of a GET that names exactly these hosts."""
    hosts = [host] if isinstance(host, str) else host
    lines = [f"GET {target} HTTP/1.1", *(f"Host: {name}" for name in hosts), *fields, "Connection: close"]
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(connection.recv(4_096).split()[1])


UPGRADE = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example:{port}"])
def test_a_foreign_name_that_leads_here_is_refused_everywhere(server, host):
    host = host.format(port=server.port)
    own = f"Origin: http://{host}"
    for target in (POLLING, "/", "/api/v1/quizzes", "//api/v1/quizzes", "/dunlin.js"):
        assert status(server, target, host) == 403
        assert status(server, target, host, own) == 403
    assert status(server, "/socket.io/?EIO=4&transport=websocket", host, own, *UPGRADE, "Connection: Upgrade") == 403


def test_the_names_of_the_server_are_let_in(server):
    for host in ("localhost", f"localhost:{server.port}", f"127.0.0.1:{server.port}", f"[::1]:{server.port}", "school.example"):
        assert status(server, POLLING, host) == 200
        assert status(server, "/", host) == 200


def test_a_request_names_one_host(server):
    for target in (POLLING, "/"):
        for hosts in ([], ["localhost", "localhost"], ["localhost", "evil.example"], ["local host"]):
            assert status(server, target, hosts) == 400


def test_no_way_to_write_a_path_gets_past_the_origin_check(server):
    for target in ("//api/v1/quizzes", "/api//v1/quizzes", "/%61pi/v1/quizzes", "/./api/v1/quizzes", "http://localhost/api/v1/quizzes"):
        assert status(server, target, "localhost", "Origin: https://evil.example") == 403
