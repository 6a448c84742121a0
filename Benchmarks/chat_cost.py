#!/usr/bin/env python3
"""What a chat message costs `dunlin serve`, in CPU microseconds per delivery, next to a bare echo of `echo-server`.

Every member of one room sends its messages at once; every message is checked, stored and delivered to all members, the sender included.
The server's CPU time comes from /proc, all threads, so it does not matter how fast this program is.

    Benchmarks/chat_cost.py --dunlin .build/release/dunlin [--members 100] [--messages 20] [--rounds 3]
"""

import argparse
import asyncio
import base64
import json
import os
import pathlib
import statistics
import subprocess
import tempfile


def cpu_seconds(pid):
    """CPU time of all threads of a process, from the scheduler."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def frame(text):
    """A masked client frame (RFC 6455 §5.2); the mask is zero, which is legal and keeps this program simple."""
    payload = text.encode()
    length = len(payload)
    head = bytes([0x81, 0x80 | length]) if length < 126 else bytes([0x81, 0xFE]) + length.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Member:
    """One signed-in socket that counts what it gets."""

    def __init__(self, number):
        self.number = number
        self.deliveries = 0
        self.tail = b""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        await self.until(b"pingTimeout")
        self.writer.write(frame('40{"token":"bench-token-%d"}' % self.number))
        await self.until(b'40{"sid"')
        self.writer.write(frame('42["chat:join",{"roomId":"bench"}]'))
        await self.until(b"chat:joined")

    async def until(self, mark):
        seen = b""
        while mark not in seen:
            chunk = await self.reader.read(1 << 16)
            if not chunk:
                raise SystemExit(f"the server closed member {self.number}: {seen[-300:]!r}")
            seen += chunk

    async def receive(self, count, done):
        mark = b'42["chat:message"'
        while self.deliveries < count:
            chunk = await self.reader.read(1 << 20)
            if not chunk:
                raise SystemExit(f"the server closed member {self.number}")
            data = self.tail + chunk
            if b"chat:error" in data:
                raise SystemExit(f"refused: {data[:300]!r}")
            self.deliveries += data.count(mark)
            self.tail = data[-(len(mark) - 1):]
        done()


async def measure(dunlin, members, messages):
    with tempfile.TemporaryDirectory() as folder:
        tokens = {
            f"bench-token-{n}": {"id": f"bench{n}", "username": f"member{n}", "role": "student", "permissions": []} for n in range(members)
        }
        path = pathlib.Path(folder, "tokens.json")
        path.write_text(json.dumps(tokens))
        server = subprocess.Popen(
            [dunlin, "serve", "--port", "0", "--tokens", path, "--database", f"sqlite:{folder}/bench.sqlite"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        try:
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            everyone = [Member(n) for n in range(members)]
            for member in everyone:
                await member.open(port)
            # The joins' own traffic is over when a last message has gone round.
            expected = members * messages
            before = cpu_seconds(server.pid)
            receivers = [asyncio.create_task(member.receive(expected, lambda: None)) for member in everyone]
            text = "a message of the usual length"
            for round_number in range(messages):
                for member in everyone:
                    member.writer.write(frame('42["chat:message",{"content":"%s %d","type":"text"}]' % (text, round_number)))
            await asyncio.wait_for(asyncio.gather(*receivers), 120)
            used = cpu_seconds(server.pid) - before
            deliveries = sum(member.deliveries for member in everyone)
            for member in everyone:
                member.writer.close()
            return used * 1e6 / deliveries, deliveries
        finally:
            server.terminate()
            server.wait(30)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=".build/release/dunlin")
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--messages", type=int, default=20, help="a member; the rate limit allows 30 at once")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    costs = []
    for _ in range(options.rounds):
        cost, deliveries = asyncio.run(measure(options.dunlin, options.members, options.messages))
        costs.append(cost)
        print(f"chat:message to {options.members} members: {cost:.2f} µs of server CPU a delivery ({deliveries} deliveries)")
    print(f"median: {statistics.median(costs):.2f} µs a delivery")


if __name__ == "__main__":
    main()
