"""Players of one session on two servers with one PostgreSQL and one Redis: one session, whoever runs it."""

import asyncio
import os
import signal
import time

import pytest
import requests

from asynchronous import bounded
from classroom_data import crowd_token
from redis_process import RedisProcess
from test_burst import SESSION, answer, compare_with_rows, hosted
from test_two_servers import epoch, until_taken_over
from wire import SocketIO

# Players on each server. DUNLIN_NODE_PLAYERS=500 is the full size.
PLAYERS = int(os.environ.get("DUNLIN_NODE_PLAYERS", "20"))
# So many of them write a chat message, which all get.
TALKERS = min(2 * PLAYERS, 40)


class Nodes:
    """Both servers; `first` is the one that the session was created on."""

    def __init__(self, classroom, redis, second):
        self.classroom, self.redis = classroom, redis
        self.first, self.second = classroom.server, second

    @property
    def both(self):
        return [self.first, self.second]

    def port_of(self, number):
        """Players with an even number are on the first."""
        return self.both[number % 2].port


@pytest.fixture
def nodes(postgres_classroom, dunlin, tmp_path):
    redis = RedisProcess(tmp_path)
    postgres_classroom.start("--question-lead-in", "100", "--redis", redis.url, crowd=2 * PLAYERS)
    yield Nodes(postgres_classroom, redis, dunlin(*postgres_classroom.options))
    redis.kill()


async def joined(port, number):
    player = await SocketIO.connect(port, {"token": crowd_token(number)})
    reply = await player.call("quiz:join", {"sessionId": SESSION})
    assert reply["ok"] is True, reply
    # The event says the same as the acknowledgement: a later one is another.
    await player.next("quiz:joined")
    return player, reply


async def open_session(nodes, count, settings=None):
    """A session of the first server with its question open: the host, and the players of both servers."""
    instructor = await hosted(nodes.first.port, settings or {"questionDurationMs": 120_000})
    players = [player for player, _ in await asyncio.gather(*(joined(nodes.port_of(number), number) for number in range(count)))]
    started = await instructor.call("quiz:start", {"sessionId": SESSION})
    assert started["ok"] is True, started
    questions = await asyncio.gather(*(player.next("quiz:question") for player in players))
    assert len({question["deadline"] for question in questions}) == 1
    return instructor, players


async def insist(player, event, payload, seconds=240):
    """Asks until it is done; what was refused for now may be tried again."""
    end = time.monotonic() + seconds
    while not (reply := await player.call(event, payload))["ok"]:
        assert reply["error"]["code"] in ("unavailable", "rate_limited"), reply
        assert time.monotonic() < end, reply
        await asyncio.sleep(reply["error"].get("retryAfterMs", 200) / 1_000)
    return reply


def owner(nodes):
    return nodes.classroom.postgres.rows(f"select lease_owner from quiz_sessions where id = '{SESSION}'")[0]["lease_owner"]


async def whole_board(server):
    headers = {"Authorization": "Bearer instructor_token"}
    url = f"{server.url}/api/v1/sessions/{SESSION}/leaderboard"
    response = await asyncio.to_thread(requests.get, url, headers=headers, timeout=120)
    assert response.status_code == 200, response.text
    return response.json()


async def last_board(socket):
    """The final board that a client got; the versions before it never went back."""
    versions = []
    while True:
        board, details = await socket.all_of_next("quiz:leaderboard")
        versions.append(details["version"])
        if details["final"]:
            assert versions == sorted(versions), versions
            return board


@bounded(300)
async def test_every_answer_of_players_on_two_servers_is_stored_once_and_both_have_the_same_board(nodes):
    count = 2 * PLAYERS
    instructor, players = await open_session(nodes, count)
    for player in players:
        assert (await player.call("chat:join", {"roomId": SESSION}))["ok"] is True
    calls = [player.send_call("quiz:answer", answer(number)) for number, player in enumerate(players)]
    talk = [player.send_call("chat:message", {"content": f"hello {number}"}) for number, player in enumerate(players[:TALKERS])]
    results = {number: reply[0] for number, reply in enumerate(await asyncio.gather(*calls))}
    assert all(result["ok"] for result in results.values()), results
    assert all(reply[0]["ok"] for reply in await asyncio.gather(*talk))
    assert len(compare_with_rows(nodes.classroom, results)) == count

    # The same answer once more by the other server: the same result, and no second row.
    for number in range(2):
        elsewhere, _ = await joined(nodes.port_of(number + 1), number)
        again = await elsewhere.call("quiz:answer", answer(number))
        assert again.pop("duplicate") is True and again == results[number]
    assert len(nodes.classroom.answers(SESSION)) == count

    closed = await instructor.call("quiz:close", {"sessionId": SESSION})
    assert closed["ok"] and closed["answered"] == count, closed
    for player in players:
        assert (await player.next("quiz:question:closed"))["you"]["players"] == count
    # A host may command from any server.
    elsewhere = await SocketIO.connect(nodes.second.port, {"token": "instructor_token"})
    assert (await elsewhere.call("quiz:observe", {"sessionId": SESSION}))["role"] == "host"
    ended = await elsewhere.call("quiz:end", {"sessionId": SESSION})
    assert ended["ok"], ended
    for player in players:
        await player.next("quiz:ended")

    boards = [await last_board(socket) for socket in (players[0], players[1], instructor, elsewhere)]
    assert all(board == boards[0] for board in boards)
    first, second = [await whole_board(server) for server in nodes.both]
    assert first == second
    assert {row["userId"]: row["score"] for row in first["entries"]} == nodes.classroom.scores(SESSION)

    logs = []
    for player in players:
        messages = [await player.next("chat:message") for _ in range(TALKERS)]
        logs.append([(message["sequence"], message["content"]) for message in messages])
    assert [sequence for sequence, _ in logs[0]] == list(range(1, TALKERS + 1))
    assert all(log == logs[0] for log in logs)


@bounded(120)
async def test_what_is_asked_of_a_session_at_another_server_is_answered_there(nodes):
    instructor = await hosted(nodes.first.port, {"questionDurationMs": 120_000})
    code = (await instructor.call("quiz:observe", {"sessionId": SESSION}))["joinCode"]
    guest = await SocketIO.connect(nodes.second.port)
    admitted = await guest.call("quiz:join", {"joinCode": code, "nickname": "Zoe"})
    assert admitted["ok"] and admitted["you"]["username"] == "Zoe" and admitted["you"]["token"], admitted
    other = await SocketIO.connect(nodes.second.port)
    taken = await other.call("quiz:join", {"joinCode": code, "nickname": "zoe"})
    assert taken["error"]["code"] == "conflict", taken

    player, _ = await joined(nodes.second.port, 0)
    watcher = await SocketIO.connect(nodes.second.port, {"token": crowd_token(1)})
    assert (await watcher.call("quiz:observe", {"sessionId": SESSION}))["role"] == "observer"
    assert (await watcher.call("quiz:answer", answer(1)))["error"]["code"] == "forbidden"
    denied = await player.call("quiz:start", {"sessionId": SESSION})
    assert denied["error"]["code"] == "forbidden", denied
    unknown = await player.call("quiz:join", {"sessionId": "nothing_there"})
    assert unknown["error"] == {"code": "not_found", "message": "Session not found"}

    assert (await instructor.call("quiz:start", {"sessionId": SESSION}))["ok"]
    for socket in (guest, player, watcher):
        assert (await socket.next("quiz:question"))["questionId"] == "q1"
    assert (await player.call("quiz:answer", answer(0)))["ok"]
    # Who leaves at one server is away for the host at the other.
    await guest.leave()
    while (await instructor.next("quiz:progress")).get("away") != [admitted["you"]["userId"]]:
        pass
    back = await SocketIO.connect(nodes.first.port, {"token": admitted["you"]["token"]})
    assert (await back.call("quiz:join", {"sessionId": SESSION}))["you"]["username"] == "Zoe"

    kicked = await instructor.call("quiz:kick", {"sessionId": SESSION, "userId": "crowd0"})
    assert kicked["ok"], kicked
    assert (await player.next("quiz:kicked"))["userId"] == "crowd0"
    assert (await player.call("quiz:join", {"sessionId": SESSION}))["error"]["code"] == "forbidden"
    assert (await instructor.call("quiz:next", {"sessionId": SESSION}))["ok"]
    assert (await watcher.next("quiz:question"))["questionId"] == "q2"
    assert (await watcher.call("quiz:leave", {"sessionId": SESSION}))["ok"]
    metrics = (await asyncio.to_thread(requests.get, f"{nodes.second.url}/metrics", timeout=120)).text
    sent = [float(line.split()[1]) for line in metrics.splitlines() if line.startswith('dunlin_forwarded_requests_total{result="sent"}')]
    assert sent[0] >= 6


@bounded(180)
async def test_when_the_server_of_a_session_is_killed_the_other_goes_on_with_its_own_players(nodes):
    instructor, players = await open_session(nodes, 6)
    results = {}
    for number in (0, 1):
        results[number] = await players[number].call("quiz:answer", answer(number))
    before = epoch(nodes.classroom)
    nodes.first.kill()
    began = time.monotonic()
    # Nobody joins again: whoever sat at the second server still does.
    results[3] = await insist(players[3], "quiz:answer", answer(3))
    assert time.monotonic() - began < 10, "the lease lasts 3 s, and the other server looks each second"
    assert epoch(nodes.classroom) == before + 1
    # What may have gone past them is told once more.
    for number in (1, 3, 5):
        assert (await players[number].next("quiz:joined"))["question"]["questionId"] == "q1"

    instructor = await SocketIO.connect(nodes.second.port, {"token": "instructor_token"})
    assert (await instructor.call("quiz:observe", {"sessionId": SESSION}))["role"] == "host"
    moved, rejoined = await joined(nodes.second.port, 0)
    assert rejoined["answer"]["score"] == results[0]["score"]
    again = await moved.call("quiz:answer", answer(0))
    assert again.pop("duplicate") is True and again == results[0]
    assert (await instructor.call("quiz:next", {"sessionId": SESSION}))["ok"]
    for player in (players[1], players[3], players[5], moved):
        assert (await player.next("quiz:question:closed"))["answered"] == 3
        assert (await player.next("quiz:question"))["questionId"] == "q2"
    assert len(compare_with_rows(nodes.classroom, results)) == 3


@bounded(180)
async def test_a_server_that_was_stopped_passes_on_what_its_players_ask(nodes):
    instructor, players = await open_session(nodes, 4)
    results = {number: await players[number].call("quiz:answer", answer(number)) for number in (0, 1)}
    before, first_owner = epoch(nodes.classroom), owner(nodes)
    os.kill(nodes.first.pid, signal.SIGSTOP)
    try:
        await until_taken_over(nodes.classroom, before)
        results[3] = await insist(players[3], "quiz:answer", answer(3))
    finally:
        os.kill(nodes.first.pid, signal.SIGCONT)
    # Its own players are still connected to it, and need not know.
    results[2] = await insist(players[2], "quiz:answer", answer(2))
    assert epoch(nodes.classroom) == before + 1 and owner(nodes) != first_owner, "one owner after the other, and no third"
    reply = await insist(instructor, "quiz:close", {"sessionId": SESSION})
    assert reply["answered"] == 4
    for player in players:
        assert (await player.next("quiz:question:closed"))["answered"] == 4
    assert (await instructor.call("quiz:end", {"sessionId": SESSION}))["ok"]
    boards = [await last_board(socket) for socket in players]
    assert all(board == boards[0] for board in boards)
    assert {row["userId"]: row["score"] for row in boards[0]} == nodes.classroom.scores(SESSION)
    assert len(compare_with_rows(nodes.classroom, results)) == 4


@bounded(180)
async def test_a_server_that_is_terminated_hands_its_session_to_the_players_of_the_other(nodes):
    _, players = await open_session(nodes, 4)
    before = epoch(nodes.classroom)
    await asyncio.to_thread(nodes.first.terminate)
    assert (await insist(players[1], "quiz:answer", answer(1)))["ok"]
    assert epoch(nodes.classroom) == before + 1


@bounded(180)
async def test_when_redis_was_away_players_of_both_servers_find_the_session_as_it_is(nodes):
    instructor, players = await open_session(nodes, 4)
    nodes.redis.kill()
    results = {0: await players[0].call("quiz:answer", answer(0))}
    assert results[0]["ok"], "a server's own players need no Redis"
    refused = await players[1].call("quiz:answer", answer(1))
    assert refused["error"]["code"] == "unavailable" and refused["error"]["retryAfterMs"] > 0, refused
    assert (await instructor.call("quiz:next", {"sessionId": SESSION}))["ok"]
    await asyncio.to_thread(nodes.redis.start)
    for number in (1, 3):
        while (await players[number].next("quiz:joined"))["question"]["questionId"] != "q2":
            pass
    second = {"sessionId": SESSION, "questionId": "q2", "answer": 2}
    assert (await insist(players[1], "quiz:answer", second))["ok"]
    assert {(row["question_id"], row["user_id"]) for row in nodes.classroom.answers(SESSION)} == {("q1", "crowd0"), ("q2", "crowd1")}
