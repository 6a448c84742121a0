"""`dunlin run` against python-socketio: what the report counts is what the server counted itself, to the message."""

import asyncio
import json
import os
import re
import signal
from collections import Counter

import pytest
import socketio
from aiohttp import web

from asynchronous import bounded

SECONDS = 120

SCRIPT = """
config:
  target: {target}
  phases: [{{duration: 2, arrivalCount: 20}}]
  payload: {{path: users.csv, fields: [name, room], order: sequence}}
  socketio: {{transports: [{transport}], query: {{from: load}}, auth: {{name: "{{{{ name }}}}"}}}}
before:
  flow:
    - post: {{url: /token, json: {{user: loader}}, capture: {{json: $.token, as: token}}, expect: {{statusCode: 200}}}}
after:
  flow:
    - delete: {{url: "/token/{{{{ token }}}}"}}
scenarios:
  - name: chat
    weight: 3
    engine: socketio
    flow:
      - get: {{url: /cookie}}
      - emit: {{channel: join, data: {{room: "{{{{ room }}}}", token: "{{{{ token }}}}"}}}}
        acknowledge: {{match: {{json: $.0.room, value: "{{{{ room }}}}"}}, capture: {{json: $.0.members, as: members}}}}
      - loop:
          - emit: [say, "{{{{ room }}}}", "{{{{ $auditTag(room) }}}}"]
            acknowledge: {{data: [true]}}
            response: {{channel: said, where: {{json: $.0.from, value: "{{{{ name }}}}"}}}}
        count: 5
      - emit: log
      # Nobody leaves a room while others speak: the server counts what it sends to those who are leaving.
      - think: 8
  - name: admin
    weight: 1
    engine: socketio-v3
    flow:
      - emit: [count, 1, two, {{three: 3}}]
        namespace: /admin
        acknowledge: {{match: {{json: $.1, value: two}}}}
      - emit: tick
        namespace: /admin
        response: [{{channel: tock}}, {{channel: tock, data: {{n: 2}}}}]
"""


class CountingServer:
    """Counts every packet that it gets and every event that it sends to somebody."""

    async def __aenter__(self):
        self.received, self.sent, self.cookies = Counter(), Counter(), []
        self.http = Counter()
        sio = self.sio = socketio.AsyncServer(async_mode="aiohttp", async_handlers=False)

        for namespace in ("/", "/admin"):

            @sio.on("connect", namespace=namespace)
            async def connect(sid, environ, auth):
                self.received["connect"] += 1
                self.cookies.append(environ.get("HTTP_COOKIE"))
                assert auth["name"] and "from=load" in environ["QUERY_STRING"]

        @sio.on("join")
        async def join(sid, data):
            self.received["join"] += 1
            assert data["token"] == "t-1"
            await sio.enter_room(sid, data["room"])
            return {"room": data["room"], "members": len(list(sio.manager.get_participants("/", data["room"])))}

        @sio.on("say")
        async def say(sid, room, text):
            self.received["say"] += 1
            members = [one for one, _ in sio.manager.get_participants("/", room)]
            self.sent["said"] += len(members)
            name = (await sio.get_session(sid)).get("name")
            await sio.emit("said", {"from": name, "text": text}, room=room)
            return True

        @sio.on("log")
        async def log(sid):
            self.received["log"] += 1

        @sio.on("count", namespace="/admin")
        async def count(sid, *arguments):
            self.received["count"] += 1
            return arguments

        @sio.on("tick", namespace="/admin")
        async def tick(sid):
            self.received["tick"] += 1
            for number in (1, 2):
                self.sent["tock"] += 1
                await sio.emit("tock", {"n": number}, to=sid, namespace="/admin")

        original = sio.handlers["/"]["connect"]

        async def remember(sid, environ, auth):
            await original(sid, environ, auth)
            await sio.save_session(sid, {"name": auth["name"]})

        sio.handlers["/"]["connect"] = remember

        async def token(request):
            self.http["token"] += 1
            return web.json_response({"token": "t-1"})

        async def cookie(request):
            self.http["cookie"] += 1
            response = web.Response()
            response.set_cookie("session", "c1", path="/", httponly=True)
            return response

        async def remove(request):
            self.http["delete " + request.match_info["token"]] += 1
            return web.Response(status=204)

        application = web.Application()
        application.add_routes([web.post("/token", token), web.get("/cookie", cookie), web.delete("/token/{token}", remove)])
        sio.attach(application)
        self.runner = web.AppRunner(application, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://127.0.0.1:%d" % site._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *failure):
        await self.runner.cleanup()


async def run(command, *arguments, folder):
    process = await asyncio.create_subprocess_exec(
        command, *arguments, cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize(("transport", "workers"), [("websocket", 1), ("polling", 1), ("websocket", 3)])
@bounded(SECONDS)
async def test_counts_are_those_of_the_server(dunlin_command, tmp_path, transport, workers):
    (tmp_path / "users.csv").write_text("".join(f"user{number},room{number % 2}\n" for number in range(20)))
    async with CountingServer() as server:
        (tmp_path / "load.yml").write_text(SCRIPT.format(target=server.url, transport=transport))
        status, _, errors = await run(
            dunlin_command, "run", "load.yml", "--seed", "5", "-o", "run.json", "-q", "--workers", str(workers), folder=tmp_path
        )  # fmt: skip
    report = json.loads((tmp_path / "run.json").read_text())
    counters, summaries = report["aggregate"]["counters"], report["aggregate"]["summaries"]
    assert status == 0, (errors, counters)
    chats, admins = counters["vusers.created_by_name.chat"], counters["vusers.created_by_name.admin"]
    assert chats + admins == counters["vusers.completed"] == 20 and chats > admins > 0
    assert server.received["connect"] == counters["socketio.connects"] == 20
    assert server.http == {"token": 1, "cookie": chats, "delete t-1": 1}
    assert counters["http.requests"] == counters["http.codes.200"] == chats
    # A cookie of an HTTP step goes with the handshake.
    assert sorted(map(str, server.cookies)) == ["None"] * admins + ["session=c1"] * chats
    for name in ("join", "say", "log", "count", "tick"):
        assert server.received[name] == counters[f"socketio.emit.{name}"], name
    assert sum(server.received.values()) - 20 == counters["socketio.emit"]
    assert server.sent["said"] + server.sent["tock"] == counters["socketio.messages_received"]
    # One sample for each acknowledgement and each awaited event.
    assert summaries["socketio.acknowledgement_time"]["count"] == chats * 6 + admins
    assert summaries["socketio.push_time"]["count"] == chats * 5 + admins * 2
    assert summaries["socketio.response_time"]["count"] == chats * 11 + admins * 3
    audit = report["dunlin"]["audit"]
    assert sum(room["sent"] for room in audit["rooms"]) == server.received["say"] == chats * 5
    assert sum(room["delivered"] for room in audit["rooms"]) == server.sent["said"]
    assert audit["lost"] == audit["doubled"] == audit["outOfOrder"] == []
    assert report["dunlin"]["seed"] == "5" and report["dunlin"]["version"] and len(report["dunlin"]["script"]["sha256"]) == 64


WORKER_SCRIPT = """
config:
  target: {target}
  phases: [{{duration: 2, arrivalCount: 21}}]
  socketio: {{transports: [websocket]}}
scenarios:
  - engine: socketio
    flow:
      - emit: [echo, "{{{{ $auditTag('all') }}}}"]
        acknowledge: true
      - think: {think}
"""


@bounded(SECONDS)
async def test_workers_play_one_run_together(dunlin_command, echo_server, tmp_path):
    (tmp_path / "load.yml").write_text(WORKER_SCRIPT.format(target=echo_server.url, think=0.1))
    status, output, errors = await run(
        dunlin_command, "run", "load.yml", "--workers", "3", "-o", "run.json", folder=tmp_path
    )  # fmt: skip
    report = json.loads((tmp_path / "run.json").read_text())
    counters = report["aggregate"]["counters"]
    assert status == 0, (output, errors)
    assert counters["vusers.created"] == counters["vusers.completed"] == counters["socketio.emit"] == 21
    assert report["aggregate"]["summaries"]["socketio.response_time"]["count"] == 21
    assert sum(room["sent"] for room in report["dunlin"]["audit"]["rooms"]) == 21
    assert report["dunlin"]["generator"]["eventLoops"] == 3


def children_of(parent):
    """Process ids, the oldest first."""
    found = []
    for folder in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{folder}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append((int(fields[19]), int(folder)))
    return [number for _, number in sorted(found)]


async def all_users_at_work(process):
    """Progress is told every ten seconds where there is no terminal."""
    line = b"-"
    while b"users 21 " not in line:
        line = await process.stderr.readline()
        assert line, "the run ended before all of its users had begun"


@bounded(SECONDS)
async def test_a_worker_that_dies_is_reported_and_the_others_go_on(dunlin_command, echo_server, tmp_path):
    (tmp_path / "load.yml").write_text(WORKER_SCRIPT.format(target=echo_server.url, think=25))
    process = await asyncio.create_subprocess_exec(
        dunlin_command, "run", "load.yml", "--workers", "2", "-o", "run.json", cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await all_users_at_work(process)
        os.kill(children_of(process.pid)[1], signal.SIGKILL)
        output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 1
    first = output.decode().splitlines()[0]
    lost = int(re.fullmatch(r"warning: worker [12] of 2 was lost after .* \(signal 9\): its (\d+) virtual users at work, .*", first)[1])
    assert lost in (10, 11)
    counters = json.loads((tmp_path / "run.json").read_text())["aggregate"]["counters"]
    assert counters["vusers.completed"] == 21 - lost


@bounded(SECONDS)
async def test_workers_end_with_an_interrupt(dunlin_command, echo_server, tmp_path):
    (tmp_path / "load.yml").write_text(WORKER_SCRIPT.format(target=echo_server.url, think=600))
    process = await asyncio.create_subprocess_exec(
        dunlin_command, "run", "load.yml", "--workers", "2", cwd=tmp_path, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await all_users_at_work(process)
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 300)
    finally:
        if process.returncode is None:
            process.kill()
    assert output.decode().startswith("warning: the run was interrupted after ")
    assert "Summary report @" in output.decode() and "was lost" not in output.decode()
