#!/usr/bin/env python3
"""What one client can cost the classroom: the dearest message of each event and route that was found, beside an echo of its size, and the memory
that one client can make the server hold while its database is locked.

CPU time comes from the scheduler (/proc/PID/task/*/schedstat), memory from /proc/PID/status: both from outside.

    Benchmarks/classroom_limits.py --dunlin .build/release/dunlin --echo .build/release/echo-server
"""

import argparse
import asyncio
import base64
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

EVENTS = [
    "auth", "quiz:create_session", "quiz:join", "quiz:observe", "quiz:start", "quiz:next", "quiz:close", "quiz:end", "quiz:kick", "quiz:answer",
    "quiz:leave", "chat:join", "chat:message", "chat:leave", "dashboard:subscribe", "dashboard:unsubscribe", "quiz:unknown",
]
REPEATS = 30


def cpu_seconds(pid):
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def frame(text):
    payload = text.encode()
    length = len(payload)
    if length < 126:
        head = bytes([0x81, 0x80 | length])
    elif length < 1 << 16:
        head = bytes([0x81, 0xFE]) + length.to_bytes(2, "big")
    else:
        head = bytes([0x81, 0xFF]) + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


class Client:
    async def open(self, port, token=None):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        await self.until(b"pingTimeout")
        self.writer.write(frame("40" + json.dumps({"token": token} if token else {})))
        await self.until(b'40{"sid"')
        return self

    async def until(self, mark):
        seen = b""
        while mark not in seen:
            chunk = await asyncio.wait_for(self.reader.read(1 << 20), 120)
            if not chunk:
                raise ConnectionError(seen[-200:])
            seen = (seen + chunk)[-(1 << 21):]
        return seen

    async def ask(self, number, event, payload):
        self.writer.write(frame('42%d["%s",%s]' % (number, event, payload)))
        await self.writer.drain()
        return await self.until(b"43%d[" % number)


def filled(frame_text, filler, size):
    """A payload of that size: the filler, repeated where the frame has a star."""
    room = size - len(frame_text) + 1
    return frame_text.replace("*", (filler * (room // len(filler) + 1))[: room // len(filler) * len(filler)])


def shapes(size):
    """Payloads that were found to be dear to somebody once, each about `size` bytes."""
    yield "one text", filled('{"roomId":"r","token":"*"}', "x", size)
    yield "many members", filled('{"roomId":"r"*}', ',"a":1', size)
    yield "many empty lists", filled('{"metrics":[1*],"roomId":"r"}', ",[]", size)
    yield "many numbers", filled('{"answer":[1*],"questionId":"q1","sessionId":"s"}', ",1", size)
    yield "escapes", filled('{"content":"*","roomId":"r","type":"text"}', "\\u003c", size)
    yield "tags", filled('{"content":"*","roomId":"r","type":"text"}', "<a<b", size)
    inner = 15
    yield "lists in the deepest level", filled('{"roomId":"r","x":' + "[" * (inner - 1) + "[1*]" + "]" * (inner - 1) + "}", ",[1]"[:2] + "1", size)
    yield "too deep", '{"x":' + "[" * 100 + filled("1*", ",1", max(size - 220, 2)) + "]" * 100 + "}"


def start(command, folder):
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, int(re.search(r":(\d+)\s*$", server.stdout.readline()).group(1))


async def cost(pid, port, token, event, payload):
    """Microseconds of CPU a message, the best of a few: a refusal by a rate limit is no measurement, so each has a socket of its own."""
    best = None
    for _ in range(3):
        client = await Client().open(port, token)
        before, count = cpu_seconds(pid), 0
        for number in range(REPEATS):
            answer = await client.ask(number, event, payload)
            if b"rate limit" in answer:
                break
            count += 1
        client.writer.close()
        if count:
            used = (cpu_seconds(pid) - before) * 1e6 / count
            best = used if best is None else min(best, used)
    return best


async def table(dunlin, echo):
    with tempfile.TemporaryDirectory() as folder:
        users = {"teacher-token": {"id": "t", "username": "t", "role": "instructor"}, "student-token": {"id": "s", "username": "s"}}
        pathlib.Path(folder, "tokens.json").write_text(json.dumps(users))
        server, port = start([dunlin, "serve", "--port", "0", "--tokens", "tokens.json", "--database", "sqlite:limits.sqlite"], folder)
        echoing, echo_port = start([echo, "--port", "0"], folder)
        try:
            print(f"{'event or route':24} {'size':>6}  {'dearest payload':28} {'µs':>8} {'echo':>8} {'times':>6}")
            for size in (1_000, 64_000):
                text = json.dumps("x" * size)
                client = await Client().open(echo_port)
                before = cpu_seconds(echoing.pid)
                for number in range(REPEATS):
                    await client.ask(number, "echo", text)
                baseline = (cpu_seconds(echoing.pid) - before) * 1e6 / REPEATS
                for event in EVENTS:
                    dearest = max(
                        [(await cost(server.pid, port, token, event, payload) or 0, name + ("" if token else ", not signed in"))
                         for name, payload in shapes(size) for token in (None, "teacher-token")])
                    print(f"{event:24} {size:6}  {dearest[1]:28} {dearest[0]:8.0f} {baseline:8.0f} {dearest[0] / baseline:6.1f}", flush=True)
            routes(server.pid, port)
            await locked(server.pid, port, folder)
        finally:
            for process in (server, echoing):
                process.terminate()
            for process in (server, echoing):
                process.wait(60)


def routes(pid, port):
    """Quizzes of a megabyte: what they cost with and without a token."""
    question = '{"question":"?","correctAnswer":"a"}'
    bodies = {
        "many questions": '{"title":"t","questions":[' + ",".join([question] * 27_000) + "]}",
        "deep answer": '{"title":"t","questions":[{"question":"?","correctAnswer":' + "[" * 480 + "]" * 480 + "}]}",
        "long answer": '{"title":"t","questions":[{"question":"?","correctAnswer":[' + ",".join(['"a"'] * 240_000) + "]}]}",
        "many options": '{"title":"t","questions":[{"question":"?","correctAnswer":0,"options":[' + ",".join(['"a"'] * 240_000) + "]}]}",
    }
    for name, body in bodies.items():
        for token in (None, "student-token", "teacher-token"):
            headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
            used = []
            for _ in range(5):
                before = cpu_seconds(pid)
                try:
                    urllib.request.urlopen(
                        urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/quizzes", body.encode(), headers), timeout=120).close()
                    status = 201
                except urllib.error.HTTPError as error:
                    status = error.code
                used.append((cpu_seconds(pid) - before) * 1e6)
            print(f"POST quizzes, {name}, {token or 'no token'}: {min(used):.0f} µs for {len(body)} bytes, status {status}", flush=True)


async def locked(pid, port, folder):
    """Four sockets of one user send messages of 60 kB while another program has the database locked."""
    clients = [await Client().open(port, "student-token") for _ in range(4)]
    for number, client in enumerate(clients):
        await client.ask(number, "chat:join", '{"roomId":"r"}')
    other = sqlite3.connect(pathlib.Path(folder, "limits.sqlite"), isolation_level=None, timeout=30)
    other.execute("begin immediate")
    before = resident(pid)
    payload = '{"roomId":"r","x":"%s"}' % ("x" * 60_000)
    until, largest, sent = time.monotonic() + 6, before, 0
    while time.monotonic() < until:
        for client in clients:
            for event in ("chat:join", "quiz:join", "quiz:answer"):
                client.writer.write(frame(f'42["{event}",{payload}]'))
                sent += len(payload)
        for client in clients:
            try:
                await asyncio.wait_for(client.writer.drain(), 1)
                await asyncio.wait_for(client.reader.read(1 << 20), 0.01)
            except TimeoutError:
                pass
        largest = max(largest, resident(pid))
    other.execute("rollback")
    print(f"behind a locked database: {sent / 1e6:.0f} MB sent by four sockets, {(largest - before) / 1e6:.1f} MB held at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=".build/release/dunlin")
    parser.add_argument("--echo", default=".build/release/echo-server")
    options = parser.parse_args()
    asyncio.run(table(os.path.abspath(options.dunlin), os.path.abspath(options.echo)))


if __name__ == "__main__":
    main()
