"""Two servers behind the load balancers whose configurations are in `deploy/`: sessions that poll stay where they began, clients find the
other server when theirs goes."""

import asyncio
import json
import shutil
import socket
import subprocess
import time

import pytest
import requests

from asynchronous import bounded
from players import Players
from redis_process import RedisProcess, free_port
from server_process import CHECKOUT


class Balancer:
    """nginx or HAProxy with the project's configuration, its addresses replaced by free ones."""

    def __init__(self, name, folder, ports):
        self.port = free_port()
        source = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[name]
        text = (CHECKOUT / "deploy" / source).read_text("utf-8")
        for old, new in ((":3001", ports[0]), (":3002", ports[1]), (":8080", self.port)):
            assert old in text
            text = text.replace(old, f":{new}")
        configuration = folder / source
        configuration.write_text(text, "utf-8")
        program = shutil.which(name)
        assert program, f"scripts/install-dependencies.sh test brings {name}"
        command = {
            "nginx": [program, "-p", str(folder), "-e", "stderr", "-c", str(configuration), "-g", self._nginx_options(folder)],
            "haproxy": [program, "-db", "-f", str(configuration)],
        }[name]
        self.log = (folder / f"{name}.log").open("wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, (folder / f"{name}.log").read_text()
                time.sleep(0.01)

    @staticmethod
    def _nginx_options(folder):
        return f"daemon off; master_process off; pid {folder}/nginx.pid;"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


@pytest.fixture(params=["nginx", "haproxy"])
def school(request, dunlin, tmp_path):
    """Two servers with one Redis, and a load balancer before them."""
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"token": {"id": "ann", "username": "ann", "role": "student", "permissions": []}}), "utf-8")
    redis = RedisProcess(tmp_path)
    servers = [
        dunlin("--database", "memory:", "--tokens", tokens, "--redis", redis.url, "--allowed-origin", "http://school.example")
        for _ in range(2)
    ]
    balancer = Balancer(request.param, tmp_path, [server.port for server in servers])
    end = time.monotonic() + 60
    while requests.get(f"{balancer.url}/readyz", timeout=120).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    yield balancer, servers
    balancer.stop()
    redis.kill()


def opened(server, name):
    text = requests.get(f"{server.url}/metrics", timeout=120).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


@bounded(60)
async def test_clients_poll_upgrade_and_use_websocket_alone(school):
    balancer, servers = school
    for transports in (["polling"], ["polling", "websocket"], ["websocket"]):
        async with Players(balancer.url, 5, transports=transports) as players:
            for player in players:
                assert (await player.sign_in("token"))["userId"] == "ann"
            assert {player.client.transport() for player in players} == {transports[-1]}
    assert sum(opened(server, "dunlin_sockets_opened_total") for server in servers) == 15
    assert sum(opened(server, "dunlin_transport_upgrades_total") for server in servers) == 5


@bounded(60)
async def test_clients_find_the_other_server_when_theirs_goes(school):
    balancer, servers = school
    async with Players(balancer.url, 4, transports=["websocket"]) as players:
        for player in players:
            await player.sign_in("token")
        first, second = sorted(servers, key=lambda server: opened(server, "dunlin_connections "), reverse=True)
        status, _ = await asyncio.to_thread(first.terminate)
        assert status == 0
        end = time.monotonic() + 300
        while opened(second, "dunlin_sockets ") < 4:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        for player in players:
            assert (await player.sign_in("token"))["userId"] == "ann"


@bounded(60)
async def test_a_session_of_another_server_is_refused_so_that_the_client_begins_anew(school):
    _, servers = school
    path = "/socket.io/?EIO=4&transport=polling"
    opening = requests.get(f"{servers[0].url}{path}", timeout=120).text
    session = json.loads(opening[1:])["sid"]
    answer = requests.get(f"{servers[1].url}{path}&sid={session}", timeout=120)
    assert answer.status_code == 400
    assert answer.json() == {"code": 1, "message": "Session ID unknown"}
    assert requests.get(f"{servers[0].url}{path}&sid={session}x", timeout=120).status_code == 400
