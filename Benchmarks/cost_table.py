#!/usr/bin/env python3
"""What the dearest messages cost `dunlin serve`: for every event and every HTTP route, of 1 kB, 64 kB and 1 MB, beside an echo of that size.

The CPU time is the server's, all threads, from /proc: it does not matter how fast this program is. Each message stands beside an echo of
the same bytes, by the same transport, on `echo-server` of the same build in the same run: the same payload in an acknowledged event; for a body
by HTTP, that body as the argument of an event in a POST of a polling session, and the GET that takes the answer; for many packets, as many
echoes, each of as many bytes. (The same bytes, since a text is passed over eight bytes at a time and a list of numbers is not, for whoever reads
it: an echo of one long text says nothing about them.)

What a message of an event or a route costs however small it is does not grow with the message: a look-up in the database, a hop to another
thread, a commit that is synced to disk. It is printed as `fixed`: the dearest of a few valid and refused messages of at most 200 bytes, less
their echo. `raw` is the whole cost by that of the echo, `judged` the cost above `fixed` by that of the echo.

A message and its echo are sent in turn, so that both meet the same machine, and the medians are compared; for `fixed` it is the median of the
differences, of four times as many pairs, since it is taken from every row of its event or route.

What one client makes the server hold is its resident memory, before and while, each time in a fresh process, beside the bounds of
docs/ARCHITECTURE.md that hold for it.

    Benchmarks/cost_table.py [--dunlin .build/release/dunlin] [--echo-server .build/release/echo-server]
                             [--repeats 5] [--only PART] [--all] [--factor 5] [--fixed 3000]

Prints the dearest kind of message for each event or route and size (all kinds with --all). Exit status 1 if a judged cost is over --factor, a
fixed one over --fixed, or the memory held above its bound.
"""

import argparse
import base64
import json
import os
import pathlib
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
# What a connection has read and not taken yet, and its frame under way.
ONE_READ = 256 * 1024
SIZES = {"1 kB": 1_000, "64 kB": 65_000, "1 MB": 999_000}


def cpu_microseconds(pid):
    """CPU time of all threads of a process, from the scheduler."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e3


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening"), f"{command[0]} did not start: {line!r}"
        self.port = int(line.rsplit(":", 1)[1])
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def frame(payload, opcode=1, fin=True):
    """A masked client frame (RFC 6455 §5.2); the mask is zero, which is legal and keeps this program simple."""
    length = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65_536:
        head += bytes([0xFE]) + length.to_bytes(2, "big")
    else:
        head += bytes([0xFF]) + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def frames(data):
    """The frames that `frame` made."""
    at = 0
    while at < len(data):
        length = data[at + 1] & 0x7F
        head = {126: 4, 127: 10}.get(length, 2)
        if length >= 126:
            length = int.from_bytes(data[at + 2:at + head], "big")
        yield data[at + head + 4:at + head + 4 + length]
        at += head + 4 + length


SMALL_QUIZ = b'{"title":"t","questions":[{"question":"?","options":["a","b"],"correctAnswer":0}]}'


class Closed(Exception):
    pass


class Client:
    """One socket over WebSocket. It does not parse what it gets: it waits for marks in it."""

    def __init__(self, port, auth=None):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        self.until(b"pingTimeout")
        self.send(frame(b"40" + (json.dumps(auth).encode() if auth else b"")))
        self.until(b'40{"sid"')
        self.numbers = 0

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Closed from error

    def until(self, mark):
        tail = b""
        while True:
            try:
                chunk = self.connection.recv(1 << 20)
            except OSError as error:
                raise Closed from error
            if not chunk:
                raise Closed
            tail += chunk
            if mark in tail:
                return
            tail = tail[-len(mark):]

    def ask(self, event, payload, fence):
        """Sends an event, and one behind it whose acknowledgement says that the first is dealt with."""
        self.numbers += 1
        number = 10_000 + self.numbers
        self.send(
            frame(b"42%d[%s,%s]" % (self.numbers, json.dumps(event).encode(), payload)) + frame(b"42%d[%s]" % (number, fence)))
        self.until(b"43%d[" % number)

    def close(self):
        self.connection.close()


# The dear parts of a payload, each of about so many bytes. ------------------------------------------------------------------

def nested(depth, inner):
    return b"[" * depth + inner + b"]" * depth


def repeated(part, size):
    return b",".join([part] * max(size // (len(part) + 1), 1))


def string(part, size):
    return b'"' + part * max(size // len(part), 1) + b'"'


FILLERS = {
    "brackets inside 120": lambda size: b'"x":' + nested(120, repeated(b"[]", size - 240)),
    "brackets inside 13": lambda size: b'"x":' + nested(13, repeated(b"[]", size - 26)),
    "objects inside 13": lambda size: b'"x":' + b'{"a":' * 13 + b"[" + repeated(b"{}", size - 80) + b"]" + b"}" * 13,
    "chains 12 deep": lambda size: b'"x":[' + repeated(nested(12, b""), size) + b"]",
    "many keys": lambda size: b",".join(b'"k%d":0' % number for number in range(size // 11)),
    "keys with escapes": lambda size: repeated(b'"\\u0061\\u0062":0', size),
    "keys of combining marks": lambda size: b",".join(b'"' + "e\u0301\u0327".encode() * 3 + b'%d":0' % n for n in range(size // 26)),
    "digits": lambda size: b'"x":' + b"9" * size,
    "digits as _sentAt": lambda size: b'"_sentAt":' + b"9" * size,
    "numbers": lambda size: b'"x":[' + repeated(b"1e9", size) + b"]",
    "a long text": lambda size: b'"x":' + string(b"a", size),
    "escapes": lambda size: b'"x":' + string(b"\\n", size),
    "blanks": lambda size: b'"x":' + b" " * size + b"0",
}

TEXTS = {
    "letters": lambda size: string(b"a", size),
    "escapes": lambda size: string(b"\\u0061", size),
    "combining marks": lambda size: string("\u0301\u0327".encode(), size),
    "many marks on one letter": lambda size: b'"e' + "\u0327\u0301".encode() * (size // 4) + b'"',
    "ligatures that decompose": lambda size: string("\ufdfa".encode(), size),
    "emoji": lambda size: string("\U0001f469\u200d".encode(), size),
    "tags": lambda size: string(b"<a", size),
    "comments in a script": lambda size: string(b"<script>", 8)[:-1] + string(b"<!--", size)[1:],
    "closed tags": lambda size: string(b"<a<b>c>", size),
    "blanks": lambda size: string(b" ", size),
    "digits in a text": lambda size: string(b"9", size),
}

VALUES = {
    "deep": lambda size: nested(min(size // 2, 120), b""),
    "14 deep": lambda size: repeated(nested(12, b""), size).join([b"[", b"]"]),
    "a list": lambda size: b"[" + repeated(b"1", size) + b"]",
    "a list of texts": lambda size: b"[" + repeated(b'"a"', size) + b"]",
    "an object": lambda size: b"{" + b",".join(b'"k%d":1' % number for number in range(size // 11)) + b"}",
}

# Event: what a payload needs to be carried out, and the fields that are read.
EVENTS = {
    "auth": ({"token": "student_token"}, ["token"]),
    "quiz:create_session": ({"quizId": "none"}, ["quizId", "sessionId", "settings"]),
    "quiz:join": ({"sessionId": "none"}, ["sessionId", "joinCode", "nickname", "token"]),
    "quiz:observe": ({"sessionId": "none"}, ["sessionId"]),
    "quiz:start": ({"sessionId": "none"}, ["sessionId"]),
    "quiz:next": ({"sessionId": "none"}, ["sessionId", "questionId"]),
    "quiz:close": ({"sessionId": "none"}, ["sessionId"]),
    "quiz:end": ({"sessionId": "none"}, ["sessionId"]),
    "quiz:kick": ({"sessionId": "none", "userId": "nobody"}, ["userId"]),
    "quiz:lock": ({"sessionId": "none", "locked": True}, ["locked"]),
    "quiz:answer": ({"sessionId": "none", "questionId": "q1", "answer": 1}, ["answer", "questionId", "timeSpent"]),
    "quiz:leave": ({"sessionId": "none"}, ["sessionId"]),
    "chat:join": ({"roomId": "room"}, ["roomId"]),
    "chat:message": ({"roomId": "room", "content": "hello"}, ["content", "clientId", "type"]),
    "chat:leave": ({"roomId": "other"}, ["roomId"]),
    "dashboard:subscribe": ({"metrics": ["active_users"]}, ["metrics", "intervalMs"]),
    "dashboard:unsubscribe": ({}, []),
    "quiz:unknown": ({}, []),
    "somebody:elses": ({}, []),
}


def payloads(event, size):
    """Name and payload of each kind."""
    needed, fields = EVENTS[event]
    for name, filler in FILLERS.items():
        base = json.dumps(needed).encode()[:-1]
        yield name, base + (b"," if needed else b"") + filler(size - len(base)) + b"}"
    for field in fields:
        others = b"".join(b"%s:%s," % (json.dumps(k).encode(), json.dumps(v).encode()) for k, v in needed.items() if k != field)
        for name, value in {**TEXTS, **VALUES}.items():
            head = b"{" + others + b'"%s":' % field.encode()
            yield f"{field}: {name}", head + value(size - len(head)) + b"}"
        for value in (b'"a"', b"[[]]"):
            one = b'"%s":%s' % (field.encode(), value)
            yield f"{field} many times", b"{" + others + repeated(one, size) + b"}"
    if "settings" in fields:
        extra = b",".join(b'"u%d":1' % number for number in range(size // 11))
        yield "settings: extra time", b'{"quizId":"none","settings":{"extraTime":{%s}}}' % extra


# Measuring -------------------------------------------------------------------------------------------------------------------

class Table:
    def __init__(self, options):
        self.options = options
        self.rows = {}
        self.memory = []

    def add(self, subject, size, kind, cost, fixed, baseline):
        self.rows.setdefault((subject, size), []).append((max(cost - fixed, 0) / baseline, cost / baseline, cost, fixed, baseline, kind))

    def print(self):
        failures = 0
        print(f"\n{'event or route':28} {'size':6} {'µs':>8} {'fixed':>6} {'echo':>7} {'raw':>6} {'judged':>6}  dearest kind")
        for (subject, size), entries in self.rows.items():
            entries.sort(reverse=True)
            for judged, raw, cost, fixed, baseline, kind in entries if self.options.all else entries[:1]:
                over = judged > self.options.factor or fixed > self.options.fixed
                failures += over
                print(
                    f"{subject:28} {size:6} {cost:8.0f} {fixed:6.0f} {baseline:7.0f} {raw:6.2f} {judged:6.2f}  {kind}"
                    f"{'   <-- OVER' if over else ''}")
        if self.memory:
            print(f"\n{'clients make the server hold':62} {'MB':>7} {'bound':>7}  documented")
        for what, held, bound, documented in self.memory:
            over = held > bound
            failures += over
            print(f"{what:62} {held / 1e6:7.1f} {bound / 1e6:7.1f}  {documented}{'   <-- OVER' if over else ''}")
        return failures


class Measurement:
    def __init__(self, options, folder):
        self.options = options
        self.table = Table(options)
        self.people = 0
        # By route: what its smallest requests cost above their echo.
        self.fixed = {}
        tokens = {f"student{n}_token": {"id": f"student{n}", "username": f"student{n}", "role": "student"} for n in range(20_000)}
        tokens["student_token"] = {"id": "student", "username": "student", "role": "student"}
        for n in range(2_000):
            tokens[f"teacher{n}_token"] = {
                "id": f"teacher{n}", "username": f"teacher{n}", "role": "instructor", "permissions": ["quiz:create", "quiz:manage"]}
        file = pathlib.Path(folder, "tokens.json")
        file.write_text(json.dumps(tokens))
        self.folder, self.starts = folder, 0
        self.dunlin = self.start_dunlin()
        self.echo = Server([options.echo_server, "--port", "0"])

    def start_dunlin(self):
        self.starts += 1
        return Server([
            self.options.dunlin, "serve", "--port", "0", "--tokens", f"{self.folder}/tokens.json",
            "--database", f"sqlite:{self.folder}/cost{self.starts}.sqlite"])

    def token(self, event):
        """A new person each time: nobody runs into a limit of a person."""
        self.people += 1
        if event in ("quiz:create_session", "http"):
            return f"teacher{self.people % 2_000}_token"
        return f"student{self.people % 20_000}_token"

    def fixed_event_cost(self, event):
        """What the smallest messages of an event cost above their echo."""
        needed, fields = EVENTS[event]
        small = [b"{}", json.dumps(needed).encode()] + [json.dumps({**needed, field: [1]}).encode() for field in fields]
        return max(self.difference(self.event_costs(event, payload, 4 * self.options.repeats)) for payload in small)

    @staticmethod
    def difference(pairs):
        return max(statistics.median(cost - echo for cost, echo in pairs), 0)

    def event_costs(self, event, payload, repeats):
        """Pairs: of the message, and of an echo of the same payload with the same fence behind it."""
        pairs = []
        client = None
        echo = Client(self.echo.port)
        for repeat in range(repeats):
            if client is None:
                client = Client(self.dunlin.port, {"token": self.token(event)})
                if event.startswith("chat:"):
                    client.ask("chat:join", b'{"roomId":"room"}', b'"dashboard:unsubscribe"')
            before = cpu_microseconds(self.dunlin.pid)
            try:
                client.ask(event, payload, b'"dashboard:unsubscribe"')
            except Closed:
                client = None
            time.sleep(0.002)
            cost = cpu_microseconds(self.dunlin.pid) - before
            before = cpu_microseconds(self.echo.pid)
            echo.ask("echo", payload, b'"echo"')
            time.sleep(0.002)
            pairs.append((cost, cpu_microseconds(self.echo.pid) - before))
            if repeat % 4 == 3 and client:
                client.close()
                client = None
        if client:
            client.close()
        echo.close()
        return pairs

    def events(self):
        for event in EVENTS:
            if self.options.only and self.options.only not in event:
                continue
            fixed = self.fixed_event_cost(event)
            # A chat message is read up to 16 KiB, as it was sent: its dearest is just below.
            sizes = {**SIZES, "16 KiB": 16_300} if event == "chat:message" else SIZES
            for label, size in sizes.items():
                for kind, payload in payloads(event, size):
                    if len(payload) > 999_900:
                        continue
                    self.add(event, label, kind, fixed, self.event_costs(event, payload, self.options.repeats))
                print(".", end="", flush=True)

    def add(self, subject, label, kind, fixed, pairs):
        self.table.add(
            subject, label, kind, statistics.median(cost for cost, _ in pairs), fixed, statistics.median(echo for _, echo in pairs))

    # Packets ---------------------------------------------------------------------------------------------------------------

    def packets(self):
        if self.options.only and self.options.only not in "packets":
            return
        placeholder = b'{"_placeholder":true,"num":%d}'
        for label, size in SIZES.items():
            marks = "e\u0301\u0327".encode() * 200
            floods = {
                "bare events": frame(b"42") * (size // 8),
                "pongs": frame(b"3") * (size // 7),
                "unknown acknowledgements": frame(b"431[]") * (size // 11),
                "events of nobody": frame(b'42["x"]') * (size // 13),
                "a long name": frame(b'42["' + marks + b'"]') * max(size // 1_012, 1),
                "tiny fragments": frame(b"4", 1, False) + frame(b"2", 0, False) * min(size // 8, 1_000) + frame(b"", 0),
            }
            packets = {
                "many arguments": lambda ask, name: frame(b"42%s[%s,{}," % (ask, name) + repeated(b"1", size) + b"]"),
                "placeholders": lambda ask, name: frame(
                    b"4510-%s[%s," % (ask, name) + b",".join(placeholder % n for n in range(10)) + b"," + repeated(b"{}", size) + b"]")
                + frame(b"", 2) * 10,
                "placeholders within one another": lambda ask, name: frame(
                    b"4510-%s[%s," % (ask, name) + b"".join(b'{"_placeholder":true,"num":%d,"a":' % n for n in range(10)) + b"["
                    + repeated(b'{"k":0}', size - 400) + b"]" + b"}" * 10 + b"]") + frame(b"", 2) * 10,
            }
            for kind, packet in packets.items():
                cost = self.flood_cost(self.dunlin, packet(b"", b'"quiz:leave"'), b'["dashboard:unsubscribe"]')
                baseline = self.flood_cost(self.echo, packet(b"1", b'"echo"'), b'["echo"]')
                self.table.add("packets (WebSocket)", label, kind, cost, 0, baseline)
            for kind, data in floods.items():
                count = sum(1 for _ in frames(data))
                each = max(size // count, 12)
                # As many echoes in as many bytes.
                text = marks if kind == "a long name" else b"x" * (each - 12)
                echoes = frame(b'421["echo","' + text + b'"]') * count
                cost = self.flood_cost(self.dunlin, data, b'["dashboard:unsubscribe"]')
                self.table.add("packets (WebSocket)", label, kind, cost, 0, self.flood_cost(self.echo, echoes, b'["echo"]'))
            for kind, part in {"bare events": b"42", "pongs": b"3", "noops": b"6", "empty binaries": b"b", "events": b'42["x"]'}.items():
                # At most so many packets may be in a POST: the others are not read.
                body = b"\x1e".join([part] * (size // (len(part) + 1)))
                count = min(size // (len(part) + 1), 10_000)
                echoes = b"\x1e".join([b'421["echo","' + b"x" * max(size // count - 13, 0) + b'"]'] * count)
                self.table.add(
                    "packets (polling)", label, kind, self.posted_cost(self.dunlin, body), 0, self.posted_cost(self.echo, echoes[:999_999]))

    def flood_cost(self, server, data, fence):
        costs = []
        for _ in range(self.options.repeats):
            try:
                client = Client(server.port, {"token": self.token("")})
                before = cpu_microseconds(server.pid)
                client.send(data + frame(b"429" + fence))
                client.until(b"439[")
                client.close()
            except Closed:
                pass
            time.sleep(0.002)
            costs.append(cpu_microseconds(server.pid) - before)
        return sorted(costs)[len(costs) // 2]

    def posted_cost(self, server, body):
        """A POST of a session that polls, and the GET that takes what there is to take."""
        return statistics.median(self.post_cost(server, body) for _ in range(self.options.repeats))

    def post_cost(self, server, body):
        path = f"/socket.io/?EIO=4&transport=polling&sid={self.polling_session(server)}"
        before = cpu_microseconds(server.pid)
        self.http("POST", path, body, {"Content-Type": "text/plain"}, server)
        if server is self.echo:
            self.http("GET", path, server=server)
        time.sleep(0.002)
        return cpu_microseconds(server.pid) - before

    # HTTP ------------------------------------------------------------------------------------------------------------------

    def http(self, method, path, body=b"", headers=None, server=None):
        port = (server or self.dunlin).port
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        answer = b""
        try:
            connection.sendall(head.encode() + b"\r\n" + body)
        except OSError:
            pass  # It answered and closed before it had read everything.
        try:
            while chunk := connection.recv(1 << 20):
                answer += chunk
        except OSError:
            pass
        connection.close()
        return answer

    def polling_session(self, server=None):
        opened = self.http("GET", "/socket.io/?EIO=4&transport=polling", server=server)
        sid = json.loads(opened[opened.index(b"0{") + 1:])["sid"]
        path = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        self.http("POST", path, b"40", {"Content-Type": "text/plain"}, server)
        self.http("GET", path, server=server)
        return sid

    @staticmethod
    def echo_body(body):
        """An event with the body, or a text of its size where the body is no JSON that may be an argument."""
        try:
            if len(body) > 999_900 or body.startswith(b"[" * 120):
                raise ValueError
            json.loads(body)
        except ValueError:
            body = b'"' + b"a" * min(len(body), 999_900) + b'"'
        return b'421["echo",' + body + b"]"

    @staticmethod
    def bodies(size):
        question = b'{"question":"%s","options":%s,"correctAnswer":%s}'

        def quiz(part, count=None):
            return b'{"title":"t","questions":[' + b",".join([part] * (count or max(size // (len(part) + 1), 1))) + b"]}"

        short = question % (b"?", b'["a","b"]', b"0")
        options = b"[" + b",".join(b'"%d"' % number for number in range(26)) + b"]"
        yield "brackets", nested(30, repeated(b"[]", size - 60))
        yield "questions", quiz(short, min(5_000, max(size // (len(short) + 1), 1)))
        yield "too many questions", quiz(b"{}")
        yield "all options", quiz(question % (b"?", options, b"0"))
        yield "all options correct", quiz(question % (b"?", options, b"[" + b",".join(b"%d" % n for n in range(26)) + b"]"))
        yield "too many options", quiz(question % (b"?", b"[" + repeated(b'""', size) + b"]", b"0"), 1)
        yield "deep answer", quiz(question % (b"?", b'["a","b"]', nested(min(28, size // 2), b"")))
        yield "480 deep", quiz(question % (b"?", b'["a","b"]', nested(480, b"")))
        yield "many answers", quiz(question % (b"?", b'["a","b"]', b"[" + repeated(b"0", size) + b"]"), 1)
        yield "many texts", quiz(question % (b"?", b"[]", b"[" + repeated(b'"a"', size) + b"]"), 1)
        for name, text in TEXTS.items():
            value = text(size - 100)
            yield f"title: {name}", b'{"title":%s,"questions":[%s]}' % (value, short)
            yield f"question: {name}", b'{"title":"t","questions":[{"question":%s,"correctAnswer":"x"}]}' % value
        yield "texts", quiz(b'{"question":"%s","options":["a","b"],"correctAnswer":0}' % (b"\\n?" * 600))
        yield "many keys", b'{"title":"t","questions":[%s],%s}' % (short, b",".join(b'"k%d":0' % n for n in range(size // 11)))

    def routes(self):
        if self.options.only and self.options.only not in "http":
            return
        bearer = lambda: {"Authorization": "Bearer " + self.token("http")}
        cases = []
        for path in ("/", "/livez", "/readyz", "/metrics", "/api/v1/openapi.yaml", "/api/v1/quizzes", "/api/v1/sessions"):
            cases.append(("GET " + path, "a long query", "GET", lambda size, path=path: (path + "?" + "a=b&" * (min(size, 12_000) // 4), b"")))
        for path in ("/api/v1/quizzes/none", "/api/v1/sessions/none/report", "/api/v1/sessions/none/leaderboard", "/nowhere"):
            cases.append(("GET " + path, "a long path", "GET", lambda size, path=path: (path + "%61" * (min(size, 12_000) // 3), b"")))
        cases.append(("DELETE /api/v1/quizzes/none", "a body", "DELETE", lambda size: ("/api/v1/quizzes/none", b"a" * size)))
        for label, size in SIZES.items():
            for subject, kind, method, make in cases:
                path, body = make(size)
                self.measure_http(subject, label, kind, method, path, body, bearer)
            for kind, body in self.bodies(size):
                if len(body) > 1_000_000 or len(body) > 2 * size + 2_000:
                    continue
                for subject, method, path in (
                        ("POST /api/v1/quizzes", "POST", "/api/v1/quizzes"), ("PUT /api/v1/quizzes/none", "PUT", "/api/v1/quizzes/none")):
                    self.measure_http(subject, label, kind, method, path, body, bearer)
            imports = {
                "questions": b"#Q a\n^ b\nA b\nB c\n\n", "rejected": b"#Q\n\n", "lines": b"\n", "one long line": b"a", "marks": "\u0301".encode(),
            }
            for kind, part in imports.items():
                body = part * (size // len(part))
                path = "/api/v1/quizzes/import?format=opentriviaqa&title=t"
                self.measure_http("POST /api/v1/quizzes/import", label, kind, "POST", path, body, bearer)
            print(".", end="", flush=True)

    def measure_http(self, subject, label, kind, method, path, body, headers):
        if subject not in self.fixed:
            small = {"POST /api/v1/quizzes": [b"{}", SMALL_QUIZ], "POST /api/v1/quizzes/import": [b"#Q", b"#Q a\n^ b\nA b\nB c\n"]}
            bare = path.split("%61")[0] if "%61" in path else path.split("?a=b")[0]
            self.fixed[subject] = max(
                self.difference(self.http_costs(method, bare, few, few, headers, 4 * self.options.repeats))
                for few in small.get(subject, [b"{}"]))
        sent = body or b'"' + path.encode() + b'"'
        self.add(subject, label, kind, self.fixed[subject], self.http_costs(method, path, body, sent, headers, self.options.repeats))

    def http_costs(self, method, path, body, echo, headers, repeats):
        """Pairs: of the request, and of an echo of its bytes."""
        pairs = []
        echo = self.echo_body(echo)
        for _ in range(repeats):
            signed = headers()
            before = cpu_microseconds(self.dunlin.pid)
            self.http(method, path, body, signed)
            time.sleep(0.002)
            cost = cpu_microseconds(self.dunlin.pid) - before
            pairs.append((cost, self.post_cost(self.echo, echo)))
        return pairs

    # Memory ----------------------------------------------------------------------------------------------------------------

    def held(self, what, bound, documented, occupy):
        """Resident memory while one client occupies what it can, above the memory before.

        The bound has room for twice what is documented, since a buffer grows in powers of two, and for what a connection reads and writes.
        """
        self.dunlin.stop()
        self.dunlin = self.start_dunlin()
        # What the first connection costs is not the scenario's.
        Client(self.dunlin.port, {"token": self.token("")}).close()
        self.polling_session()
        before = resident_bytes(self.dunlin.pid)
        clients = occupy()
        time.sleep(0.5)
        self.table.memory.append((what, max(resident_bytes(self.dunlin.pid) - before, 0), bound, documented))
        for client in clients:
            client.close()
        time.sleep(0.2)

    def memory(self):
        if self.options.only and self.options.only not in "memory":
            return

        def attachments():
            client = Client(self.dunlin.port, {"token": self.token("")})
            client.send(frame(b'4510-["x"]') + frame(b"a" * 999_000, 2) * 9)
            return [client]

        def fragments():
            client = Client(self.dunlin.port, {"token": self.token("")})
            client.send(frame(b"4" + b"a" * 900_000, 1, False))
            return [client]

        def silent_reader():
            client = Client(self.dunlin.port, {"token": self.token("")})
            client.connection.settimeout(2)
            try:
                for _ in range(200):
                    client.send(frame(b'421["quiz:unknown",{}]') * 500)
            except (Closed, OSError):
                pass
            return [client]

        def unfetched():
            sid = self.polling_session()
            body = b"\x1e".join([b'42["quiz:unknown"]'] * 2_000)
            for _ in range(20):
                self.http("POST", f"/socket.io/?EIO=4&transport=polling&sid={sid}", body, {"Content-Type": "text/plain"})
            return []

        def waiting():
            client = Client(self.dunlin.port, {"token": self.token("")})
            payload = b'{"sessionId":"none","x":"%s"}' % (b"a" * 60_000)
            for _ in range(256):
                client.send(frame(b'42["quiz:join",%s]' % payload))
            return [client]

        def locked(tokens, session="none"):
            """Sockets of these users send while another program has the database locked."""
            clients = [Client(self.dunlin.port, {"token": token}) for token in tokens]
            for client in clients:
                client.ask("chat:join", b'{"roomId":"room"}', b'"dashboard:unsubscribe"')
                if session != "none":
                    client.ask("quiz:join", b'{"sessionId":"%s"}' % session.encode(), b'"dashboard:unsubscribe"')
                client.connection.settimeout(0.05 if len(clients) < 10 else 0.002)
            if session != "none":
                host.send(frame(b'42["quiz:start",{"sessionId":"%s"}]' % session.encode()))
                for client in clients:
                    client.connection.settimeout(60)
                    client.until(b'"quiz:question"')
                    client.connection.settimeout(0.002)
            other = sqlite3.connect(pathlib.Path(self.folder, f"cost{self.starts}.sqlite"), isolation_level=None, timeout=30)
            other.execute("begin immediate")
            payload = b'{"roomId":"room","content":"hello","sessionId":"%s","questionId":"q1","answer":1,"x":"%s"}' % (
                session.encode(), b"a" * 60_000)
            until = time.monotonic() + 3
            sending = list(clients)
            while sending and time.monotonic() < until:
                for client in list(sending):
                    try:
                        for event in (b"chat:message", b"chat:join", b"quiz:join", b"quiz:answer"):
                            client.send(frame(b'42["%s",%s]' % (event, payload)))
                        client.connection.recv(1 << 20)
                    except TimeoutError:
                        pass
                    except (Closed, OSError):
                        # It is closed, or takes nothing more and has half a frame.
                        sending.remove(client)
            return [*clients, other]

        def answering():
            """Players of a live session answer its question, each with as much as a message may hold beside it."""
            nonlocal host
            self.http("POST", "/api/v1/quizzes", SMALL_QUIZ.replace(b'{"title"', b'{"id":"locked","title"'), {
                "Authorization": "Bearer teacher0_token", "Content-Type": "application/json"})
            host = Client(self.dunlin.port, {"token": "teacher0_token"})
            host.ask("quiz:create_session", b'{"quizId":"locked","sessionId":"live"}', b'"dashboard:unsubscribe"')
            return [*locked([f"student{number}_token" for number in range(200)], "live"), host]

        host = None
        self.held("attachments of a packet that is not whole", 20_000_000, "attachments a packet: 10 MB", attachments)
        self.held("a message that is not whole", 2_000_000, "message: 1,000,000 bytes", fragments)
        self.held("answers that nobody reads", 2 * MIB + 4 * ONE_READ, "bytes queued for a client: 1 MiB", silent_reader)
        self.held("answers that nobody fetches", 2 * MIB + 4 * ONE_READ, "bytes queued for a client: 1 MiB", unfetched)
        self.held("requests that wait", 2 * MIB + ONE_READ, "requests of a socket that wait: 1 MiB", waiting)
        self.held(
            "requests behind a locked database, of four sockets of a user", 8 * MIB + 4 * ONE_READ,
            "requests of a user that wait: 8 MiB", lambda: locked(["student0_token"] * 4))
        self.held(
            "requests behind a locked database, of 200 users", 128 * MIB + 200 * ONE_READ,
            "requests, writes that wait: 64 MiB each", lambda: locked([f"student{number}_token" for number in range(200)]))
        self.held(
            "players of a live session behind a locked database, 200", 128 * MIB + 200 * ONE_READ,
            "requests, writes that wait: 64 MiB each", answering)

    def stop(self):
        self.dunlin.stop()
        self.echo.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=".build/release/dunlin")
    parser.add_argument("--echo-server", default=".build/release/echo-server")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", help="events with this in their name, or packets, http, memory")
    parser.add_argument("--all", action="store_true", help="every kind of message, not the dearest alone")
    parser.add_argument("--factor", type=float, default=5)
    parser.add_argument("--fixed", type=float, default=3_000, help="µs that a message may cost however small it is")
    options = parser.parse_args()
    print(f"dunlin: {os.path.realpath(options.dunlin)}\necho:   {os.path.realpath(options.echo_server)}")
    with tempfile.TemporaryDirectory() as folder:
        measurement = Measurement(options, folder)
        try:
            measurement.events()
            measurement.packets()
            measurement.routes()
            measurement.memory()
        finally:
            measurement.stop()
        return 1 if measurement.table.print() else 0


if __name__ == "__main__":
    sys.exit(main())
