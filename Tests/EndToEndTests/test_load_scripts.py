"""Scripts in the shapes in which people write them, played against servers that no one here wrote."""

import asyncio
import json
import ssl
import subprocess

import pytest
import socketio
from aiohttp import WSMsgType, web

from asynchronous import bounded

SECONDS = 60


class Peer:
    """python-socketio and aiohttp on one port; `heard` holds what came, in its order."""

    async def __aenter__(self):
        self.heard, self.remotes = [], set()
        sio = self.sio = socketio.AsyncServer(async_mode="aiohttp", async_handlers=False)

        for namespace in ("/", "/admin"):

            @sio.on("connect", namespace=namespace)
            async def connect(sid, environ, auth=None, namespace=namespace):
                self.heard.append(("connect", namespace, environ.get("HTTP_COOKIE"), environ["QUERY_STRING"], auth))

            @sio.on("*", namespace=namespace)
            async def anything(event, sid, *arguments, namespace=namespace):
                self.heard.append((event, *arguments))
                if event == "ask":
                    await sio.emit("answer", ({"to": arguments[0]}, "second"), to=sid, namespace=namespace)
                    await sio.emit("done", to=sid, namespace=namespace)
                return {"ok": True, "got": arguments, "namespace": namespace}

        async def login(request):
            self.heard.append(("login", await request.json()))
            response = web.json_response({"user": {"id": 7, "items": ["a", "b", "c"]}}, headers={"x-token": "t-7"})
            response.set_cookie("session", "c7", path="/", httponly=True)
            return response

        async def item(request):
            self.heard.append(("item", request.match_info["name"], request.headers.get("authorization"), request.cookies.get("session")))
            self.remotes.add(request.remote)
            return web.Response(text=f"price={len(request.match_info['name'])};")

        async def talk(request):
            socket = web.WebSocketResponse(protocols=["v2.chat", "v1.chat"])
            await socket.prepare(request)
            self.heard.append(("ws", request.path_qs, socket.ws_protocol, request.headers.get("x-key")))
            await socket.send_str(json.dumps({"hello": 1}))
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self.heard.append(("text", message.data))
                    await socket.send_str(json.dumps({"echo": message.data, "id": 5}))
            return socket

        application = web.Application()
        application.add_routes([web.post("/login", login), web.get("/items/{name}", item), web.get("/talk", talk)])
        sio.attach(application)
        self.runner = web.AppRunner(application, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.ssl_context())
        await site.start()
        scheme = "https" if self.ssl_context() else "http"
        self.url = "%s://127.0.0.1:%d" % (scheme, site._server.sockets[0].getsockname()[1])
        return self

    def ssl_context(self):
        return None

    async def __aexit__(self, *failure):
        await self.runner.cleanup()


async def play(command, folder, script, url, *arguments):
    (folder / "script.yml").write_text(script)
    process = await asyncio.create_subprocess_exec(
        command, "run", "script.yml", "-t", url, "-o", "run.json", "--seed", "1", *arguments, cwd=folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(process.communicate(), 10 * SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    report = json.loads((folder / "run.json").read_text()) if process.returncode in (0, 1) else None
    return process.returncode, output.decode(), errors.decode(), report


CONFIG = "config: {phases: [{duration: 1, arrivalCount: 1}], socketio: {transports: [websocket]}}\n"

# name -> script, what the server must have heard apart from connections
SHAPES = {
    "hello": ("""
scenarios:
  - engine: socketio
    flow:
      - emit:
          channel: hello
          data: world
""", [("hello", "world")]),
    "acknowledgement with match and capture, nested": ("""
scenarios:
  - engine: socketio
    flow:
      - emit:
          channel: join
          data: {room: r1}
          acknowledge:
            match: {json: "$.0.ok", value: true}
            capture:
              - {json: "$.0.got[0].room", as: room}
              - {json: "$.0.namespace", as: namespace}
      - emit: [said, "{{ room }}", "{{ namespace }}"]
""", [("join", {"room": "r1"}), ("said", "r1", "/")]),
    "acknowledgement beside emit, data compared": ("""
scenarios:
  - engine: socketio-v3
    flow:
      - emit: [join, 1, two, {three: [3]}]
        acknowledge:
          data: {ok: true, got: [1, two, {three: [3]}], namespace: /}
""", [("join", 1, "two", {"three": [3]})]),
    "several arguments and several responses": ("""
scenarios:
  - engine: socketio
    flow:
      - emit: {channel: ask, args: [7, x]}
        response:
          - {channel: answer, args: [{to: 7}, second], capture: {json: $.1, as: word}}
          - {on: done}
      - emit: ["{{ word }}"]
""", [("ask", 7, "x"), ("second",)]),
    "a response nested in emit": ("""
scenarios:
  - engine: socketio
    flow:
      - emit:
          channel: ask
          data: me
          response:
            channel: answer
            match: {json: $.0.to, value: me}
""", [("ask", "me")]),
    "namespaces": ("""
scenarios:
  - engine: socketio
    flow:
      - emit: {channel: a, namespace: /admin}
        acknowledge: {match: {json: $.0.namespace, value: /admin}}
      - emit: {channel: b}
        acknowledge: {match: {json: $.0.namespace, value: /}}
""", [("a",), ("b",)]),
    "cookies, captures and headers through HTTP steps": ("""
scenarios:
  - engine: socketio
    flow:
      - post:
          url: /login
          json: {name: "{{ $uuid }}"}
          capture: [{json: $.user.id, as: id}, {json: $.user.items, as: items}, {header: x-token, as: token}]
      - loop:
          - get:
              url: "/items/{{ $loopElement }}"
              headers: {authorization: "Bearer {{ token }}"}
              match: {regexp: 'price=([0-9])', group: 1, value: "1"}
        over: items
      - emit: [me, "{{ id }}", "{{ items }}"]
        acknowledge: true
""", [("item", "a", "Bearer t-7", "c7"), ("item", "b", "Bearer t-7", "c7"), ("item", "c", "Bearer t-7", "c7"), ("me", 7, ["a", "b", "c"])]),
    "loops over variables, counts, ranges and conditions": ("""
before: {flow: [{log: "prepared"}]}
scenarios:
  - engine: socketio
    flow:
      - loop:
          - emit: [over, "{{ $loopElement.name }}", "{{ $loopCount }}"]
        over: people
      - loop:
          - emit: [count, "{{ n }}"]
            ifTrue: "n % 2 == 0"
        count: 4
        loopValue: n
      - loop: [{emit: [range, "{{ $loopCount }}"]}]
        count: "2-4"
      - loop:
          - emit: [again, "{{ tries }}"]
            acknowledge: {capture: {json: "$.0.got[0]", as: status}}
        whileTrue: "status != 'b'"
      - log: "{{ $testId }} {{ $environment }}"
""", [("over", "ann", 0), ("over", "ben", 1), ("count", 0), ("count", 2), ("range", 2), ("range", 3), ("again", "b")]),
    "ws with sub-protocols, headers, matches and captures": ("""
scenarios:
  - engine: ws
    flow:
      - connect: {target: "{{ target }}/talk?room=1", subprotocols: [v1.chat], headers: {x-key: k}}
      - wait: {match: {json: $.hello, value: 1}}
      - send: plain
      - send: {payload: {type: json}, match: {json: $.id, value: 5}, capture: {json: $.echo, as: echoed}}
      - send: "{{ echoed }}"
      - think: 200ms
""", [("ws", "/talk?room=1", "v1.chat", "k"), ("text", "plain"), ("text", '{"type":"json"}'), ("text", '{"echo":"plain","id":5}')]),
}


@pytest.mark.parametrize("shape", SHAPES)
@bounded(SECONDS)
async def test_shapes_of_scripts(dunlin_command, tmp_path, shape):
    script, heard = SHAPES[shape]
    config = CONFIG
    if shape.startswith("loops"):
        config = """
config:
  phases: [{duration: 1, arrivalCount: 1}]
  socketio: {transports: [websocket]}
  variables: {people: [{name: ann}, {name: ben}], tries: b}
"""
    if shape.startswith("ws"):
        # The greeting is the answer to the first `send` without a wait; here each message has its own.
        script = script.replace("- send: plain\n", "- send: plain\n      - wait: {match: {json: $.echo, value: plain}}\n")
        heard = heard[:3] + [("text", '{"type":"json"}')]
    async with Peer() as peer:
        status, output, errors, report = await play(dunlin_command, tmp_path, config + script, peer.url)
    assert status == 0, (output, errors)
    assert "warning" not in errors and "error" not in errors
    assert [entry for entry in peer.heard if entry[0] not in ("connect", "login")] == heard, output
    assert report["aggregate"]["counters"]["vusers.completed"] == 1


@bounded(SECONDS)
async def test_settings_of_the_connection_arrive(dunlin_command, tmp_path):
    (tmp_path / "users.csv").write_text("name;age\n\nann;7\n")
    script = """
config:
  target: http://127.0.0.1:1
  phases: [{duration: 1, arrivalCount: 1}]
  payload:
    - {path: users.csv, fields: [name, age], delimiter: ";", skipHeader: true, order: sequence}
    - {path: users.csv, fields: [who, years], delimiter: ";", skipHeader: true, loadAll: true, name: people, cast: false}
  environments:
    staging: {variables: {room: lab}}
    empty:
  engines:
    socketio-v3: {query: {v: "{{ age }}"}, auth: {token: "{{ name }}"}, extraHeaders: {cookie: a=b}, transports: [websocket]}
scenarios:
  - engine: socketio-v3
    flow:
      - emit: [in, "{{ room }}", "{{ age }}", "{{ people }}"]
        acknowledge: true
"""
    async with Peer() as peer:
        status, output, errors, _ = await play(dunlin_command, tmp_path, script, peer.url, "-e", "staging")
        assert status == 0, (output, errors)
        event, namespace, cookie, query, auth = peer.heard[0]
        assert (event, namespace, cookie, auth) == ("connect", "/", "a=b", {"token": "ann"}) and "&v=7" in query
        assert peer.heard[1] == ("in", "lab", 7, [{"who": "ann", "years": "7"}])
        unset, _, errors, _ = await play(dunlin_command, tmp_path, script, peer.url, "-e", "empty")
        assert unset == 2 and "unknown variable 'room'" in errors
        given, output, errors, _ = await play(
            dunlin_command, tmp_path, script, peer.url, "-e", "empty", "--variables", '{"room": "x"}', "--overrides",
            '{"config": {"phases": [{"duration": 1, "arrivalCount": 2}]}}',
        )  # fmt: skip
        assert given == 0, (output, errors)
        assert [entry[1] for entry in peer.heard if entry[0] == "in"] == ["lab", "x", "x"]


class SecurePeer(Peer):
    def __init__(self, folder):
        self.folder = folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", "key.pem",
             "-out", "certificate.pem"], cwd=folder, check=True, capture_output=True,
        )  # fmt: skip

    def ssl_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        return context


@bounded(SECONDS)
async def test_a_certificate_that_nobody_vouches_for_is_refused_unless_told_otherwise(dunlin_command, tmp_path):
    script = CONFIG + "scenarios: [{engine: socketio, flow: [{get: {url: /items/x}}, {emit: [hi], acknowledge: true}]}]\n"
    async with SecurePeer(tmp_path) as peer:
        refused, output, _, _ = await play(dunlin_command, tmp_path, script, peer.url)
        assert refused == 3 and "the certificate is not trusted" in output
        for arguments in (["-k"], ["--insecure"]):
            status, output, errors, report = await play(dunlin_command, tmp_path, script, peer.url, *arguments)
            assert status == 0, (output, errors)
        assert report["aggregate"]["summaries"]["socketio.connect_time.tls"]["count"] == 1
        told = script.replace("config: {", "config: {tls: {rejectUnauthorized: false}, ")
        assert (await play(dunlin_command, tmp_path, told, peer.url))[0] == 0


@bounded(SECONDS)
async def test_connections_are_spread_over_local_addresses(dunlin_command, tmp_path):
    script = "config: {phases: [{duration: 1, arrivalCount: 4}]}\nscenarios: [{flow: [{get: {url: /items/x}}]}]\n"
    async with Peer() as peer:
        addresses = ["127.0.0.2", "127.0.0.3"]
        options = [option for address in addresses for option in ("--local-address", address)]
        status, output, errors, _ = await play(dunlin_command, tmp_path, script, peer.url, *options)
    assert status == 0, (output, errors)
    assert peer.remotes == set(addresses)
