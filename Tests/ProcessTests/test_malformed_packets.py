"""Packets that no well-behaved client sends, against `echo-server`: each is tolerated or ends its own connection, and nobody else's."""

import asyncio
import json

import pytest

from asynchronous import bounded
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, SocketIO, WebSocket, frame


async def connected(port):
    """A WebSocket whose default namespace is joined."""
    socket = await WebSocket.open(port)
    assert (await socket.read()).startswith("0{")
    socket.write(TEXT, "40")
    assert (await socket.read()).startswith("40{")
    return socket


async def still_serves(server, witness):
    """A client that was there before, and one that comes now, notice nothing."""
    assert await witness.call("echo", "still here") == "still here"
    newcomer = await SocketIO.connect(server.port)
    assert await newcomer.call("echo", "new here") == "new here"
    await newcomer.leave()


CLOSES = {
    "a second CONNECT": ["40"],
    "CONNECT_ERROR from a client": ['44{"message":"x"}'],
    "DISCONNECT with a payload": ["41{}"],
    "an event for a namespace that is not joined": ['42/admin,["echo","x"]'],
    "an acknowledgement for a namespace that is not joined": ['43/admin,1["x"]'],
    "an empty event": ["42[]"],
    "an event that is an object": ["42{}"],
    "an event without a name": ["42[null]"],
    "a name that is an object": ["42[{}]"],
    "the reserved name connect": ['42["connect"]'],
    "the reserved name connect_error": ['42["connect_error"]'],
    "the reserved name disconnect": ['42["disconnect"]'],
    "the reserved name disconnecting": ['42["disconnecting"]'],
    "the reserved name newListener": ['42["newListener"]'],
    "the reserved name removeListener": ['42["removeListener"]'],
    "letters before the payload": ['42abc["echo"]'],
    "JSON that ends early": ['42["echo"'],
    "text that is no JSON": ["42[echo]"],
    "an unknown packet type": ["47"],
    "an acknowledgement that is an object": ["431{}"],
    "a binary event without its dash": ['451["echo",{"_placeholder":true,"num":0}]'],
    "eleven attachments": ['4511-["echo"]'],
    "a thousand million attachments": ['451000000000-["echo"]'],
    "text in the middle of a binary event": ['451-["echo",{"_placeholder":true,"num":0}]', '42["echo","x"]'],
    "a placeholder whose number is a text": ['451-["echo",{"_placeholder":true,"num":"0"}]', b"x"],
    "a placeholder with a negative number": ['451-["echo",{"_placeholder":true,"num":-1}]', b"x"],
    "a placeholder out of range": ['451-["echo",{"_placeholder":true,"num":1}]', b"x"],
    "a buffer that no event announced": [b"stray"],
    "100,000 levels of JSON": ['42["echo",' + "[" * 100_000 + "]" * 100_000 + "]"],
    "a ping from a client": ["2"],
    "Engine.IO's type 7": ["7"],
    "an empty message": [""],
}


@pytest.mark.parametrize("messages", CLOSES.values(), ids=CLOSES.keys())
@bounded(20)
async def test_it_closes_the_connection(echo_server, messages):
    witness = await SocketIO.connect(echo_server.port)
    socket = await connected(echo_server.port)
    for message in messages:
        socket.write(BINARY if isinstance(message, bytes) else TEXT, message)
    closed = await asyncio.wait_for(socket.until_closed(), 60)
    assert closed.frame_came and closed.code is None, "a close frame without a code, as the reference sends it"
    await still_serves(echo_server, witness)


BEFORE_CONNECT = {
    "an event before CONNECT": '42["echo","x"]',
    "auth that is a number": "40-1",
    "auth that is a list": "40[]",
    "auth that is a text": '40"token"',
    "auth that is no JSON": "40{",
}


@pytest.mark.parametrize("message", BEFORE_CONNECT.values(), ids=BEFORE_CONNECT.keys())
@bounded(20)
async def test_it_closes_the_connection_before_the_namespace_is_joined(echo_server, message):
    witness = await SocketIO.connect(echo_server.port)
    socket = await WebSocket.open(echo_server.port)
    assert (await socket.read()).startswith("0{")
    socket.write(TEXT, message)
    await asyncio.wait_for(socket.until_closed(), 60)
    await still_serves(echo_server, witness)


TOLERATED = {
    "a numeric event name": "42[1]",
    "an event without a payload": "42",
    "one with an id, too": "425",
    "an acknowledgement nobody waits for": '4399["x"]',
    "an acknowledgement without an id": '43["x"]',
    "an event nobody handles": '42["unheard of",{"a":[1,2,{"b":null}]}]',
    "an unsolicited pong": "3",
    "a noop": "6",
    "an open packet": "0{}",
    "an upgrade packet": "5",
}


@pytest.mark.parametrize("message", TOLERATED.values(), ids=TOLERATED.keys())
@bounded(20)
async def test_it_is_ignored(echo_server, message):
    socket = await connected(echo_server.port)
    socket.write(TEXT, message)
    socket.write(TEXT, '427["echo","after"]')
    assert await socket.read() == '437["after"]'
    socket.close()


@bounded(20)
async def test_an_unknown_namespace_is_refused_and_the_connection_stays(echo_server):
    socket = await connected(echo_server.port)
    socket.write(TEXT, "40/nowhere,")
    assert await socket.read() == '44/nowhere,{"message":"Invalid namespace"}'
    socket.write(TEXT, '427["echo","after"]')
    assert await socket.read() == '437["after"]'
    socket.close()


@bounded(20)
async def test_binary_arguments_come_back_when_all_their_buffers_have_arrived(echo_server):
    socket = await connected(echo_server.port)
    socket.write(TEXT, '452-7["echo","complete",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]')
    socket.write(BINARY, b"\x00\x01\xff")
    socket.write(PING, "not yet")
    assert await socket.read_frame() == (PONG, b"not yet"), "nothing is answered while a buffer is missing"
    socket.write(BINARY, b"")
    text = await socket.read()
    assert text.startswith("462-7[")
    buffers = [await socket.read(), await socket.read()]
    word, first, second = json.loads(text[5:])
    assert (word, buffers[first["num"]], buffers[second["num"]]) == ("complete", b"", b"\x00\x01\xff")
    socket.close()


@bounded(20)
async def test_disconnect_leaves_the_namespace(echo_server):
    socket = await connected(echo_server.port)
    socket.write(TEXT, "41")
    socket.write(TEXT, '42["echo","x"]')
    await asyncio.wait_for(socket.until_closed(), 60)


FRAMES = {
    "a reserved bit": bytes([0xC1]) + frame(TEXT, "3")[1:],
    "a reserved opcode": frame(3, "x"),
    "a frame without a mask": b"\x81\x013",
    "a continuation of nothing": frame(CONTINUATION, "x"),
    "a new message inside another": frame(TEXT, "4", final=False) + frame(TEXT, "x"),
    "a ping in fragments": frame(PING, "x", final=False),
    "a ping of 126 bytes": frame(PING, "x" * 126),
    "text that is not UTF-8": frame(TEXT, b"42[\"\xff\xfe\"]"),
    "a close frame of one byte": frame(CLOSE, b"\x03"),
    "a length with the highest bit set": b"\x81\xff" + b"\xff" * 8,
}


@bounded(20)
async def test_over_websocket_there_is_nothing_to_upgrade_to_and_a_close_packet_closes(echo_server):
    socket = await WebSocket.open(echo_server.port)
    assert '"upgrades":[]' in await socket.read()
    socket.write(TEXT, "1")
    await asyncio.wait_for(socket.until_closed(), 60)


@pytest.mark.parametrize("bytes_", FRAMES.values(), ids=FRAMES.keys())
@bounded(20)
async def test_a_broken_frame_closes_the_connection(echo_server, bytes_):
    witness = await SocketIO.connect(echo_server.port)
    socket = await connected(echo_server.port)
    socket.writer.write(bytes_)
    closed = await asyncio.wait_for(socket.until_closed(), 60)
    assert closed.code in (None, 1002, 1007, 1009)
    await still_serves(echo_server, witness)


@bounded(20)
async def test_frames_in_pieces_and_fragments_are_put_together(echo_server):
    socket = await connected(echo_server.port)
    packet = '427["echo","in pieces"]'
    socket.write(TEXT, packet[:5], final=False)
    socket.write(PING, "between")
    for letter in packet[5:-1]:
        socket.write(CONTINUATION, letter, final=False)
    for byte in frame(CONTINUATION, packet[-1], mask=b"\x12\x34\x56\x78"):
        socket.writer.write(bytes([byte]))
        await socket.writer.drain()
        await asyncio.sleep(0)
    assert await socket.read_frame() == (PONG, b"between")
    assert await socket.read() == '437["in pieces"]'
    socket.close()


@bounded(30)
async def test_a_message_in_endless_tiny_fragments_is_closed(echo_server):
    socket = await connected(echo_server.port)
    socket.write(TEXT, "4", final=False)
    tiny = frame(CONTINUATION, "x", final=False) * 1_000
    with pytest.raises((Closed, ConnectionError)):
        for _ in range(1_000):
            socket.writer.write(tiny)
            await socket.writer.drain()
        raise await asyncio.wait_for(socket.until_closed(), 60)


@bounded(30)
async def test_partial_packets_that_are_dropped_leave_nothing_behind(echo_server):
    async def round_of(count):
        for _ in range(count):
            socket = await connected(echo_server.port)
            socket.write(TEXT, '455-["echo",{"_placeholder":true,"num":0}]')
            socket.write(BINARY, b"x" * 50_000)
            await socket.writer.drain()
            socket.close()

    await round_of(50)
    before, open_before = echo_server.resident_kib, echo_server.descriptors
    await round_of(300)
    witness = await SocketIO.connect(echo_server.port)
    assert await witness.call("echo", "x") == "x"
    assert echo_server.resident_kib - before < 8_192, "KiB more than after the first fifty"
    assert echo_server.descriptors <= open_before + 10
