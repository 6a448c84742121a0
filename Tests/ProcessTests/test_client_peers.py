"""The Swift client, as the example `echo-client` uses it, with a server that is not ours: python-socketio's."""

import asyncio

import pytest
import socketio
from aiohttp import web

from asynchronous import bounded
from server_process import binary

SECONDS = 30


class PythonServer:
    """Answers `echo` with what it got, on a free port."""

    async def __aenter__(self):
        sio = socketio.AsyncServer(async_mode="aiohttp", async_handlers=False)
        self.queries = []

        async def connect(sid, environ, auth):
            self.queries.append(environ["QUERY_STRING"])

        for namespace in ("/", "/other"):
            sio.on("connect", connect, namespace=namespace)

        @sio.on("echo")
        async def echo(sid, *arguments):
            await sio.emit("echo", arguments, to=sid)
            return arguments

        @sio.on("echo", namespace="/other")
        async def echo_other(sid, *arguments):
            await sio.emit("echo", arguments, to=sid, namespace="/other")
            return arguments

        application = web.Application()
        sio.attach(application)
        self.runner = web.AppRunner(application, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://127.0.0.1:%d" % site._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *failure):
        await self.runner.cleanup()


async def run_client(*arguments):
    command = binary("ECHO_CLIENT_BINARY", "echo-client")
    process = await asyncio.create_subprocess_exec(
        command, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, output.decode()


@pytest.mark.parametrize("transport", ["polling", "websocket", "upgrade"])
@pytest.mark.parametrize("namespace", ["", "/other"])
@bounded(SECONDS)
async def test_texts_binary_and_order(transport, namespace):
    async with PythonServer() as server:
        status, output = await run_client(server.url + namespace, "--transport", transport)
    assert (status, output) == (0, "ok\n")
    expected = "polling" if transport == "upgrade" else transport
    assert f"transport={expected}" in server.queries[0]


@pytest.mark.parametrize("transport", ["polling", "websocket", "upgrade"])
@bounded(SECONDS)
async def test_our_own_server(echo_server, transport):
    status, output = await run_client(echo_server.url, "--transport", transport)
    assert (status, output) == (0, "ok\n")


@bounded(SECONDS)
async def test_a_refusal_ends_the_client_with_a_reason():
    async with PythonServer() as server:
        status, output = await run_client(server.url + "/unheard")
    assert status != 0 and "joinRefused" in output
