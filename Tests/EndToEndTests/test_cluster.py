"""Two servers with one PostgreSQL and one Redis: one classroom."""

import asyncio

import pytest
import requests

from asynchronous import bounded
from classroom_data import crowd_token
from redis_process import RedisProcess
from wire import SocketIO

ROOM = "room"


@pytest.fixture
def servers(postgres_classroom, dunlin, tmp_path):
    """Both servers; the crowd may sign in to either."""
    redis = RedisProcess(tmp_path)
    postgres_classroom.start("--redis", redis.url, crowd=6)
    yield [postgres_classroom.server, dunlin(*postgres_classroom.options)]
    redis.kill()


async def member(server, number):
    socket = await SocketIO.connect(server.port, {"token": crowd_token(number)})
    joined = await socket.call("chat:join", {"roomId": ROOM})
    assert joined["ok"] is True, joined
    return socket


async def messages(socket, count):
    """So many messages, which have the next sequences."""
    received = [await socket.next("chat:message") for _ in range(count)]
    return [(message["sequence"], message["content"]) for message in received]


@bounded(60)
async def test_all_members_get_the_messages_of_both_servers_in_one_order(servers):
    sockets = [await member(servers[number % 2], number) for number in range(6)]

    async def talk(number):
        for message in range(10):
            answer = await sockets[number].call("chat:message", {"content": f"{number}: {message}"})
            assert answer["ok"] is True, answer

    await asyncio.gather(*(talk(number) for number in range(6)))
    logs = [await messages(socket, 60) for socket in sockets]
    assert [sequence for sequence, _ in logs[0]] == list(range(1, 61))
    assert all(log == logs[0] for log in logs)
    for number in range(6):
        own = [text for _, text in logs[0] if text.startswith(f"{number}: ")]
        assert own == [f"{number}: {message}" for message in range(10)]


@bounded(60)
async def test_what_a_server_committed_before_it_was_killed_reaches_the_members_of_the_other(servers):
    ann, ben = await member(servers[0], 0), await member(servers[1], 1)
    for number in range(5):
        answer = await ann.call("chat:message", {"content": f"before {number}"})
        assert answer["ok"] is True, answer
    servers[0].kill()
    answer = await ben.call("chat:message", {"content": "after"})
    assert answer["ok"] is True and answer["sequence"] == 6
    assert [text for _, text in await messages(ben, 6)] == [*(f"before {number}" for number in range(5)), "after"]


@bounded(60)
async def test_one_allowance_of_messages_and_one_active_user_on_two_servers(servers):
    sockets = [await member(server, 0) for server in servers]
    refused = 0
    for number in range(36):
        answer = await sockets[number % 2].call("chat:message", {"content": "again"})
        if not answer["ok"]:
            assert answer["error"]["code"] == "rate_limited" and "rate limit" in answer["error"]["message"], answer
            refused += 1
    # Thirty at once; half a message a second flows back.
    assert refused > 0
    for server in servers:
        await until_metric(server, "dunlin_active_users", 1)


async def until_metric(server, name, value):
    for _ in range(600):
        response = await asyncio.to_thread(requests.get, f"{server.url}/metrics", timeout=120)
        found = [float(line.split()[1]) for line in response.text.splitlines() if line.startswith(f"{name} ")]
        if found == [value]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError((name, found))
