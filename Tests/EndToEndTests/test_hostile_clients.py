"""Clients that mean no good: the server's memory stays flat, and the others notice nothing."""

import asyncio
import socket
import time

import requests

from asynchronous import bounded
from wire import TEXT, Closed, SocketIO, WebSocket, frame

MIB = 1_024  # in KiB, as the kernel counts


@bounded(90)
async def test_a_reader_that_never_reads_costs_a_bounded_amount_of_memory(echo_server):
    ann, ben = await asyncio.gather(*(SocketIO.connect(echo_server.port) for _ in range(2)))
    await asyncio.gather(ann.call("join", "room"), ben.call("join", "room"))
    deaf = await WebSocket.open(echo_server.port, limit=1_024)
    deaf.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    await deaf.read()
    deaf.write(TEXT, "40")
    await deaf.read()
    deaf.write(TEXT, '420["join","room"]')
    await deaf.read()
    deaf.writer.transport.pause_reading()

    text = "x" * 4_000
    before = echo_server.resident_kib
    for _ in range(50):
        for _ in range(200):
            ann.emit("say", text)
        for _ in range(200):
            assert await ben.next("say") == text, "who reads gets every message"
    grown = echo_server.resident_kib - before
    assert grown < 16 * MIB, f"40 MB were said, the server grew by {grown} KiB"

    # It is closed, though it will notice only now.
    deaf.writer.transport.resume_reading()
    try:
        deaf.write(TEXT, '421["echo","am I still here?"]')
        while True:
            assert '431["am I still here?"]' != await asyncio.wait_for(deaf.read(), 60), "the deaf reader was kept"
    except (Closed, ConnectionError):
        pass
    assert await ann.call("echo", "x") == "x"


@bounded(30)
async def test_a_frame_of_ten_megabytes_is_refused_by_its_header(echo_server):
    witness = await SocketIO.connect(echo_server.port)
    rude = await WebSocket.open(echo_server.port)
    await rude.read()
    before = echo_server.resident_kib
    rude.writer.write(frame(TEXT, b"4" * 10_000_000)[:14])
    closed = await asyncio.wait_for(rude.until_closed(), 60)
    assert closed.code == 1009
    rude.close()

    # The same with all its bytes behind it: the close frame may be lost in the reset, the connection ends.
    rude = await WebSocket.open(echo_server.port)
    await rude.read()
    try:
        rude.write(TEXT, b"4" * 10_000_000)
        await asyncio.wait_for(rude.writer.drain(), 60)
    except ConnectionError:
        pass
    closed = await asyncio.wait_for(rude.until_closed(), 60)
    assert closed.code in (1009, None)
    assert echo_server.resident_kib - before < 8 * MIB
    assert await witness.call("echo", "x") == "x"


@bounded(60)
async def test_four_hundred_slow_sockets_are_closed_by_a_total_deadline(dunlin):
    server = dunlin("--database", "memory:")
    witness = await SocketIO.connect(server.port)
    descriptors, memory = server.descriptors, server.resident_kib
    request = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n"

    async def slow(number):
        """Some begin an HTTP head, some a body, some say nothing; then a byte every few seconds. Returns how long they were kept."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        began = time.monotonic()
        rest = bytes(request)
        if number % 4 == 1:
            writer.write(request[:20])
        elif number % 4 == 2:
            writer.write(b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4")
            rest = b"4" * 100
        elif number % 4 == 3:
            writer.write(request)
        ended = asyncio.create_task(reader.read())
        try:
            for byte in rest:
                done, _ = await asyncio.wait([ended], timeout=4)
                if done:
                    break
                writer.write(bytes([byte]))
        except ConnectionError:
            pass
        writer.close()
        ended.cancel()
        return time.monotonic() - began

    crowd = [asyncio.create_task(slow(number)) for number in range(400)]
    while not all(task.done() for task in crowd):
        response = await asyncio.to_thread(requests.get, server.url + "/livez", timeout=60)
        assert response.status_code == 200
        assert await witness.call("auth", {"token": "x"}) is not None
        await asyncio.sleep(0.1)
    kept = [task.result() for task in crowd]
    # One that sent its bytes to the end would be there for minutes.
    assert max(kept) < 100, f"the slowest was kept for {max(kept):.1f} s"
    assert server.descriptors <= descriptors + 5
    assert server.resident_kib - memory < 32 * MIB


@bounded(30)
async def test_a_flood_of_requests_by_one_user_is_refused_and_hurts_nobody(classroom):
    classroom.start()
    ann = await SocketIO.connect(classroom.port, {"token": "student1_token"})
    ben = await SocketIO.connect(classroom.port, {"token": "student2_token"})
    await ann.call("chat:join", {"roomId": "room"})
    await ben.call("chat:join", {"roomId": "room"})
    answers = await asyncio.gather(
        *(ann.send_call("chat:message", {"roomId": "room", "content": f"{number}", "type": "text"}) for number in range(200))
    )
    refused = [answer[0]["error"] for answer in answers if not answer[0]["ok"]]
    assert 165 <= len(refused) <= 170, "thirty a minute are let through"
    assert all("rate limit" in error["message"] and error["retryAfterMs"] > 0 for error in refused)
    sent = await ben.call("chat:message", {"roomId": "room", "content": "mine", "type": "text"})
    assert sent["ok"] is True
