"""A classroom with Redis: the recent chat in it, readiness without it, and life after it lost everything."""

import asyncio
import json
import time

import pytest
import requests

from asynchronous import bounded
from players import Players
from redis_process import RedisProcess
from wire import SocketIO


@pytest.fixture
def redis(tmp_path):
    server = RedisProcess(tmp_path)
    yield server
    server.kill()


def wait_for_status(url, status, body):
    """Asks until the answer is this one: readiness is looked at twice a second."""
    end = time.monotonic() + 60
    while True:
        answer = requests.get(f"{url}/readyz", timeout=120)
        if (answer.status_code, answer.json()) == (status, body):
            return
        assert time.monotonic() < end, (answer.status_code, answer.text)
        time.sleep(0.05)


async def member(classroom, number, room="test_room_1"):
    socket = await SocketIO.connect(classroom.port, {"token": f"student{number}_token"})
    joined = await socket.call("chat:join", {"roomId": room})
    assert joined["ok"] is True, joined
    return socket, joined


@bounded(30)
async def test_a_message_is_in_redis_before_anybody_has_it(classroom, redis):
    classroom.start("--redis", redis.url)
    async with Players(classroom.url, 2) as (one, two):
        for player, token in ((one, "student1_token"), (two, "student2_token")):
            await player.sign_in(token)
            await player.emit("chat:join", {"roomId": "test_room_1"})
            await player.next("chat:joined")
        await one.emit("chat:message", {"roomId": "test_room_1", "content": "Hello from integration test!", "type": "text"})
        received = await two.next("chat:message")
        stored = redis.lines("zrange", "chat:messages:test_room_1", "0", "-1")
        assert received["username"] == "student1" and received["content"] == "Hello from integration test!"
        assert len(stored) == 1
        message = json.loads(stored[0])
        assert message["content"] == "Hello from integration test!" and message["id"] == received["id"]
        scores = redis.lines("zrange", "chat:messages:test_room_1", "0", "-1", "withscores")
        assert int(scores[1]) == received["sentAt"]


@bounded(60)
async def test_without_redis_readiness_fails_and_the_classroom_goes_on(classroom, redis):
    classroom.start("--redis", redis.url)
    wait_for_status(classroom.url, 200, {"status": "ready"})
    (ann, _), (ben, _) = await asyncio.gather(member(classroom, 1), member(classroom, 2))
    redis.kill()
    wait_for_status(classroom.url, 503, {"status": "redis_unavailable"})
    assert requests.get(f"{classroom.url}/livez", timeout=120).status_code == 200
    for number in range(3):
        answer = await ann.call("chat:message", {"content": f"alone {number}"})
        assert answer["ok"] is True, answer
        for socket in (ann, ben):
            assert (await socket.next("chat:message"))["content"] == f"alone {number}"
    redis.start()
    wait_for_status(classroom.url, 200, {"status": "ready"})
    answer = await ben.call("chat:message", {"content": "together"})
    assert answer["ok"] is True and answer["sequence"] == 4
    assert (await ann.next("chat:message"))["content"] == "together"
    assert [json.loads(text)["content"] for text in redis.lines("zrange", "chat:messages:test_room_1", "0", "-1")][-1] == "together"


@bounded(60)
async def test_redis_may_lose_everything(classroom, redis):
    classroom.start("--redis", redis.url)
    ann, _ = await member(classroom, 1)
    for number in range(2):
        assert (await ann.call("chat:message", {"content": f"message {number}"}))["ok"] is True
    redis.lines("flushall")
    # The history is the database's; the set begins anew and is not filled up.
    _, joined = await member(classroom, 2)
    assert [message["content"] for message in joined["history"]] == ["message 0", "message 1"]
    assert (await ann.call("chat:message", {"content": "message 2"}))["ok"] is True
    assert [json.loads(text)["content"] for text in redis.lines("zrange", "chat:messages:test_room_1", "0", "-1")] == ["message 2"]
    redis.lines("script", "flush")
    assert (await ann.call("chat:message", {"content": "message 3"}))["ok"] is True


@bounded(30)
async def test_the_metrics_tell_of_the_other_servers(classroom, redis):
    classroom.start("--redis", redis.url)
    text = requests.get(f"{classroom.url}/metrics", timeout=120).text
    for name in ("sent", "unsent", "received", "refused"):
        assert f"dunlin_cluster_messages_total{{result=\"{name}\"}}" in text
    assert "dunlin_cluster_lag_seconds" in text
