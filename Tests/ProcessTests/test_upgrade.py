"""The move from long-polling to WebSocket, against `echo-server`, byte by byte."""

import asyncio

import pytest
import requests

from asynchronous import bounded
from wire import TEXT, Refused, WebSocket

POLLING = "/socket.io/?EIO=4&transport=polling"
SECONDS = 5


def polled(server, path, **more):
    return requests.request("POST" if "data" in more else "GET", server.url + path, timeout=SECONDS, **more)


def open_session(server):
    """A polling session that has joined the default namespace."""
    opened = polled(server, POLLING).text
    sid = opened.split('"sid":"')[1].split('"')[0]
    assert polled(server, f"{POLLING}&sid={sid}", data="40").text == "ok"
    assert polled(server, f"{POLLING}&sid={sid}").text.startswith("40{")
    return sid


async def probed(server, sid):
    socket = await WebSocket.open(server.port, f"/socket.io/?EIO=4&transport=websocket&sid={sid}")
    socket.write(TEXT, "2probe")
    assert await socket.read() == "3probe"
    return socket


@bounded(20)
async def test_a_pending_get_is_released_and_nothing_is_lost(echo_server):
    sid = open_session(echo_server)
    pending = asyncio.create_task(asyncio.to_thread(polled, echo_server, f"{POLLING}&sid={sid}"))
    socket = await probed(echo_server, sid)
    assert (await pending).text == "6"
    assert polled(echo_server, f"{POLLING}&sid={sid}", data='421["echo","by polling, while it upgrades"]').text == "ok"
    socket.write(TEXT, "5")
    assert await socket.read() == '431["by polling, while it upgrades"]'
    socket.write(TEXT, '422["echo","by WebSocket"]')
    assert await socket.read() == '432["by WebSocket"]'
    socket.close()


@bounded(20)
async def test_afterwards_polling_is_refused_and_a_second_websocket_closed(echo_server):
    sid = open_session(echo_server)
    socket = await probed(echo_server, sid)
    socket.write(TEXT, "5")
    socket.write(TEXT, '421["echo","moved"]')
    assert await socket.read() == '431["moved"]'
    answer = polled(echo_server, f"{POLLING}&sid={sid}")
    assert (answer.status_code, answer.json()) == (400, {"code": 3, "message": "Bad request"})
    try:
        second = await WebSocket.open(echo_server.port, f"/socket.io/?EIO=4&transport=websocket&sid={sid}")
        await asyncio.wait_for(second.until_closed(), SECONDS)
    except Refused as refused:
        pytest.fail(f"the second WebSocket is accepted and then closed, not refused: {refused}")
    socket.write(TEXT, '422["echo","still here"]')
    assert await socket.read() == '432["still here"]', "the first one stays"
    socket.close()


@bounded(20)
async def test_a_probe_that_is_given_up_leaves_the_session_polling(echo_server):
    sid = open_session(echo_server)
    socket = await probed(echo_server, sid)
    socket.close()
    for _ in range(20):  # the reference polls on until the upgrade is over; what comes meanwhile is a noop
        assert polled(echo_server, f"{POLLING}&sid={sid}", data='421["echo","again"]').text == "ok"
        if '431["again"]' in polled(echo_server, f"{POLLING}&sid={sid}").text:
            return
    pytest.fail("the acknowledgement never came")


@bounded(20)
async def test_polling_and_upgrade_share_one_kept_alive_connection(echo_server):
    reader, writer = await asyncio.open_connection("127.0.0.1", echo_server.port)

    async def exchange(text):
        writer.write(text.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next((int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length:")), 0)
        return head, (await reader.readexactly(length)).decode()

    _, opened = await exchange(f"GET {POLLING} HTTP/1.1\r\nHost: x\r\n\r\n")
    sid = opened.split('"sid":"')[1].split('"')[0]
    _, ok = await exchange(f"POST {POLLING}&sid={sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n40")
    assert ok == "ok"
    _, joined = await exchange(f"GET {POLLING}&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert joined.startswith("40{")
    head, _ = await exchange(
        f"GET /socket.io/?EIO=4&transport=websocket&sid={sid} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert head.startswith("http/1.1 101")
    assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head
    socket = WebSocket(reader, writer)
    for text in ("2probe", "5", '421["echo","same connection"]'):
        socket.write(TEXT, text)
    assert await socket.read() == "3probe"
    assert await socket.read() == '431["same connection"]'
    socket.close()
