"""Whom the classroom lets in by Origin: its own pages, what is allowed by name, and programs that send none."""

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
