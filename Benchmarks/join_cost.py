#!/usr/bin/env python3
"""What a player costs `dunlin serve`, in CPU microseconds, in classes of 10, 100, 1,000 and 10,000.

Everybody joins one session, answers its first question once, joins again after the question was closed, and is the same price in every class:
the table shows a straight line. The server's CPU time comes from the scheduler (/proc/PID/task/*/schedstat), so it does not matter how fast this
program is. The players are spread over processes of at most 4,000 sockets each.

    Benchmarks/join_cost.py --dunlin .build/release/dunlin [--players 10,100,1000,10000]

With --check the exit status is 1 if a player of the largest class costs over three times one of a class of 100.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

SESSION = "join-cost"
SOCKETS_PER_PROCESS = 4_000
# Requests under way at a time, in each process: a class joins quickly, but not in one millisecond.
WINDOW = 100


def cpu_seconds(pid):
    """CPU time of all threads of a process, from the scheduler."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def frame(text):
    """A masked client frame (RFC 6455 §5.2); the mask is zero, which is legal and keeps this program simple."""
    payload = text.encode()
    length = len(payload)
    head = bytes([0x81, 0x80 | length]) if length < 126 else bytes([0x81, 0xFE]) + length.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


# An unmasked text frame that holds an Engine.IO ping alone: no JSON has these bytes.
PING, PONG = b"\x81\x012", frame("3")


class Player(asyncio.Protocol):
    """One signed-in socket. It looks for the mark that it waits for and forgets everything else."""

    def __init__(self):
        self.mark, self.found, self.tail = b"", None, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        # A client that is silent for 45 s is closed, and a large class takes longer than that.
        if PING in data:
            self.transport.write(PONG)
        if self.found is None or self.found.done():
            return
        seen = self.tail + data
        if self.mark in seen:
            self.tail = b""
            self.found.set_result(seen[seen.index(self.mark):][:200])
        else:
            self.tail = seen[-len(self.mark):]

    def connection_lost(self, error):
        if self.found is not None and not self.found.done():
            self.found.set_exception(SystemExit("the server closed a player's socket"))

    async def until(self, mark, sent):
        self.mark, self.tail, self.found = mark, b"", asyncio.get_running_loop().create_future()
        self.transport.write(sent)
        return await self.found

    async def open(self, port, number):
        key = base64.b64encode(os.urandom(16)).decode()
        await self.until(
            b"pingTimeout",
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        await self.until(b'40{"sid"', frame('40{"token":"%s"}' % token(number)))

    async def ask(self, request, event, payload):
        answer = await self.until(b"43%d[" % request, frame("42%d%s" % (request, json.dumps([event, payload]))))
        if b'"ok":true' not in answer:
            raise SystemExit(f"refused: {answer!r}")


def token(number):
    return f"join-cost-token-{number}"


async def serve_orders(port, numbers, pipe):
    """The players of one process: does what the measuring process orders, and says when it is done."""
    loop = asyncio.get_running_loop()
    players = {}
    request = 0

    async def everyone(act):
        gate = asyncio.Semaphore(WINDOW)

        async def one(number):
            async with gate:
                await act(number)

        await asyncio.gather(*(one(number) for number in numbers))

    async def open_one(number):
        _, players[number] = await loop.create_connection(Player, "127.0.0.1", port)
        await players[number].open(port, number)

    while True:
        order = await loop.run_in_executor(None, pipe.recv)
        request += 1
        if order == "open":
            await everyone(open_one)
        elif order == "join":
            await everyone(lambda number: players[number].ask(request, "quiz:join", {"sessionId": SESSION}))
        elif order == "answer":
            await everyone(
                lambda number: players[number].ask(
                    request, "quiz:answer", {"sessionId": SESSION, "questionId": "q1", "answer": number % 4}))
        else:
            break
        pipe.send("done")
    for player in players.values():
        player.transport.abort()


def worker(port, numbers, pipe):
    asyncio.run(serve_orders(port, numbers, pipe))


async def host(port, *requests):
    loop = asyncio.get_running_loop()
    _, player = await loop.create_connection(Player, "127.0.0.1", port)
    await player.open(port, "host")
    for number, (event, payload) in enumerate(requests):
        await player.ask(number, event, payload)
    player.transport.abort()


def measure(dunlin, count):
    with tempfile.TemporaryDirectory() as folder:
        users = {token(n): {"id": f"player{n}", "username": f"player {n}", "role": "student"} for n in range(count)}
        users[token("host")] = {"id": "host", "username": "host", "role": "instructor"}
        path = pathlib.Path(folder, "tokens.json")
        path.write_text(json.dumps(users))
        server = subprocess.Popen(
            [dunlin, "serve", "--port", "0", "--tokens", path, "--database", f"sqlite:{folder}/bench.sqlite"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        workers = []
        try:
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            quiz = {"id": "bench", "title": "Bench", "questions": [
                {"id": "q1", "question": "?", "options": ["a", "b", "c", "d"], "correctAnswer": 1, "durationMs": 3_600_000}]}
            call = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/v1/quizzes", json.dumps(quiz).encode(),
                {"Authorization": f"Bearer {token('host')}", "Content-Type": "application/json"})
            urllib.request.urlopen(call, timeout=30).close()
            asyncio.run(host(port, ("quiz:create_session", {"quizId": "bench", "sessionId": SESSION, "settings": {"leadInMs": 0}})))
            for start in range(0, count, SOCKETS_PER_PROCESS):
                here, there = multiprocessing.Pipe()
                process = multiprocessing.Process(
                    target=worker, args=(port, range(start, min(start + SOCKETS_PER_PROCESS, count)), there), daemon=True)
                process.start()
                workers.append((process, here))

            def order(name):
                before = cpu_seconds(server.pid)
                for _, pipe in workers:
                    pipe.send(name)
                deadline = time.monotonic() + 300
                for process, pipe in workers:
                    while not pipe.poll(1):
                        if time.monotonic() > deadline or not process.is_alive():
                            raise SystemExit(f"{name}: the players did not finish")
                    pipe.recv()
                return (cpu_seconds(server.pid) - before) * 1e6 / count

            costs = {"open": order("open"), "join": order("join")}
            asyncio.run(host(port, ("quiz:start", {"sessionId": SESSION})))
            costs["answer"] = order("answer")
            asyncio.run(host(port, ("quiz:close", {"sessionId": SESSION})))
            costs["rejoin"] = order("join")
            for _, pipe in workers:
                pipe.send("end")
            for process, _ in workers:
                process.join(30)
            return costs
        finally:
            for process, _ in workers:
                process.kill()
            server.terminate()
            server.wait(40)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=".build/release/dunlin")
    parser.add_argument("--players", default="10,100,1000,10000")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    table = {}
    print("players   open   join  answer  rejoin   µs of server CPU a player")
    for count in map(int, options.players.split(",")):
        costs = table[count] = measure(options.dunlin, count)
        print(f"{count:7} {costs['open']:6.0f} {costs['join']:6.0f} {costs['answer']:7.0f} {costs['rejoin']:7.0f}", flush=True)
    largest = max(table)
    if options.check and 100 in table:
        for phase in ("join", "answer", "rejoin"):
            if table[largest][phase] > 3 * table[100][phase]:
                sys.exit(f"{phase}: {table[largest][phase]:.0f} µs a player of {largest}, {table[100][phase]:.0f} of 100")


if __name__ == "__main__":
    main()
