#!/usr/bin/env python3
"""Measures limits from outside: what one client can make a server hold, as resident memory, and what one message can cost it, as CPU time.

    limits.py                  every row, against .build/release/echo-server
    limits.py --rows queue,posts --binary .build/debug/echo-server

A row is a function: it gets a fresh server, does its worst, and returns what it did; the script reads VmRSS and CPU time before and after.
Each row names the most that it may take. Exit status 1 if one takes more.
"""

import argparse
import base64
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

POLLING = "/socket.io/?EIO=4&transport=polling"
MIB = 1 << 20


class Server:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary, "--port", "0"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.port = int(re.search(rb":(\d+)$", self.process.stdout.readline().strip()).group(1))

    def rss(self):
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) * 1024

    def cpu(self):
        """CPU seconds of all threads, from the scheduler."""
        return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")) / 1e9

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Client:
    """A TCP connection that writes requests and reads answers."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), 30)
        self.received = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def request(self, method, target, body=b""):
        body = body if isinstance(body, bytes) else body.encode()
        self.send(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return self.answer()

    def answer(self):
        while b"\r\n\r\n" not in self.received:
            self.more()
        head, _, rest = self.received.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower()).group(1))
        while len(rest) < length:
            self.more()
            rest = self.received.partition(b"\r\n\r\n")[2]
        self.received = rest[length:]
        return int(head.split()[1]), rest[:length]

    def more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("closed")
        self.received += data

    def polling(self):
        """A session that joined; the target of its requests."""
        status, body = self.request("GET", POLLING)
        if status != 200:
            raise ConnectionError(status)
        target = f"{POLLING}&sid={re.search(rb'sid.:.([^,]+?).,', body).group(1).decode()}"
        self.request("POST", target, "40")
        self.request("GET", target)
        return target

    def websocket(self):
        self.send(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
        )
        while b"101" not in self.received:
            self.more()
        self.send(frame("40"))
        return self


def frame(text):
    payload = text if isinstance(text, bytes) else text.encode()
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack("!H", size) if size < 65_536 else bytes([0xFF]) + struct.pack("!Q", size)
    return b"\x81" + length + b"\0\0\0\0" + payload


# Rows: what is done, and the most bytes and CPU seconds that it may take.


def queue(server):
    """small packets for a polling session that fetches nothing: until it is closed"""
    client, sender = Client(server), Client(server)
    target, own = client.polling(), sender.polling()
    client.request("POST", target, '42["join"]')
    count, status = 0, 200
    # One below the limit of packets in a POST; each makes one for the victim.
    while status == 200 and count < 400_000:
        sender.request("POST", own, "\x1e".join(['42["say",1]'] * 500))
        count += 500
        status = client.request("POST", target, "6")[0]
        yield
    return f"{count} packets"


def sessions(server):
    """handshakes and POSTs of 6 on one TCP connection: until they are refused"""
    client, count = Client(server), 0
    while count < 70_000:
        status, body = client.request("GET", POLLING)
        if status != 200:
            break
        sid = re.search(rb"sid.:.([^,]+?).,", body).group(1).decode()
        client.request("POST", f"{POLLING}&sid={sid}", "6")
        count += 1
    yield
    return f"{count} sessions"


def joined(server):
    """1,000 sessions that joined and poll, over one TCP connection"""
    client = Client(server)
    for _ in range(1_000):
        client.polling()
    yield
    return "1,000 sessions"


def pipelined(server):
    """requests behind a GET that waits, then the end of the stream"""
    client = Client(server)
    target = client.polling()
    one = f"GET {POLLING} HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"X{n}: {n}\r\n" for n in range(90)) + "\r\n"
    client.socket.settimeout(3)
    try:
        client.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n" + one * 6_000)
        client.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    time.sleep(1)
    yield
    return "6,000 requests of 90 fields"


def bodies(server):
    """220 POSTs of a megabyte on as many connections, the last byte of each missing"""
    clients, refused = [Client(server) for _ in range(220)], 0
    for client in clients:
        client.socket.settimeout(5)
        try:
            client.send(f"POST {POLLING} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 999_999)
        except OSError:
            pass
    yield
    for client in clients:
        client.socket.settimeout(0.01)
        try:
            refused += client.socket.recv(12) == b"HTTP/1.1 503"
        except OSError:
            pass
    return f"{refused} refused"


def unread(server):
    """a WebSocket that asks for echoes and reads none"""
    client = Client(server).websocket()
    client.socket.settimeout(2)
    message = frame('42["echo","' + "x" * 10_000 + '"]')
    count = 0
    try:
        while count < 20_000:
            client.send(message)
            count += 1
    except OSError:
        pass
    yield
    return f"{count} messages of 10 kB"


def bare(server):
    """a POST of 333,000 bare 42"""
    client = Client(server)
    target = client.polling()
    yield
    status, _ = client.request("POST", target, "\x1e".join(["42"] * 333_000))
    return f"status {status}"


def most_packets(server):
    """a POST of 10,000 events, the most there may be"""
    client = Client(server)
    target = client.polling()
    yield
    status, _ = client.request("POST", target, "\x1e".join(['42["x"]'] * 10_000))
    return f"status {status}"


def large_echo(server):
    """a POST of a megabyte, echoed: what the others are measured by"""
    client = Client(server)
    target = client.polling()
    yield
    client.request("POST", target, '421["echo","' + "x" * 999_000 + '"]')
    status, body = client.request("GET", target)
    return f"status {status}, {len(body)} bytes"


def large_binary(server):
    """an attachment of 740 kB in base64, echoed"""
    client = Client(server)
    target = client.polling()
    data = base64.b64encode(bytes(740_000)).decode()
    yield
    client.request("POST", target, '451-1["echo",{"_placeholder":true,"num":0}]\x1eb' + data)
    status, body = client.request("GET", target)
    return f"status {status}, {len(body)} bytes"


def flood(server):
    """20,000 pipelined requests"""
    client = Client(server)
    one = f"GET {POLLING}&sid=nobody HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield
    for _ in range(40):
        client.send(one * 500)
        for _ in range(500):
            client.answer()
    return "20,000 answers"


ROWS = {
    # name: (function, most bytes, most CPU seconds)
    "queue": (queue, 4 * MIB, None),
    "sessions": (sessions, 4 * MIB, None),
    "joined": (joined, 12 * MIB, None),
    "pipelined": (pipelined, 24 * MIB, None),
    "bodies": (bodies, 56 * MIB, None),
    "unread": (unread, 8 * MIB, None),
    "large_echo": (large_echo, 12 * MIB, 0.06),
    "large_binary": (large_binary, 12 * MIB, 0.10),
    "bare": (bare, 8 * MIB, 0.04),
    "most_packets": (most_packets, 8 * MIB, 0.10),
    "flood": (flood, 8 * MIB, 2.0),
}


def measure(binary, name):
    row, bytes_at_most, seconds_at_most = ROWS[name]
    server = Server(binary)
    try:
        Client(server).polling()  # what the first connection costs is not the row's
        steps = row(server)
        before_rss, before_cpu, peak, result = server.rss(), server.cpu(), 0, None
        cpu_from = before_cpu
        began = False
        while True:
            try:
                next(steps)
                if not began:
                    began, cpu_from = True, server.cpu()
            except StopIteration as end:
                result = end.value
            peak = max(peak, server.rss() - before_rss)
            if result is not None:
                break
        seconds = server.cpu() - cpu_from
        is_over = peak > bytes_at_most or (seconds_at_most is not None and seconds > seconds_at_most)
        print(
            f"{name:13} {peak / MIB:7.1f} MiB of {bytes_at_most / MIB:4.0f}   {seconds * 1000:7.0f} ms"
            + (f" of {seconds_at_most * 1000:4.0f}" if seconds_at_most is not None else "        ")
            + f"   {row.__doc__}: {result}{'   OVER' if is_over else ''}",
            flush=True,
        )
        return not is_over
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/echo-server")
    parser.add_argument("--rows", default=",".join(ROWS))
    arguments = parser.parse_args()
    held = [measure(arguments.binary, name) for name in arguments.rows.split(",")]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
