"""A classroom on PostgreSQL whose server is killed, restarted or stopped."""

import asyncio
import subprocess
import time

import requests

from asynchronous import bounded
from classroom_data import crowd_token
from test_burst import SESSION, answer, compare_with_rows, hosted, seated
from wire import SocketIO

PLAYERS = 100


async def started(classroom):
    """A session with its question open: the host, and the players who have it."""
    classroom.start("--question-lead-in", "100", crowd=PLAYERS)
    instructor = await hosted(classroom.port, {"questionDurationMs": 120_000})
    players = [player for player, _ in await seated(classroom, classroom.port, range(PLAYERS))]
    await instructor.call("quiz:start", {"sessionId": SESSION})
    await asyncio.gather(*(player.next("quiz:question") for player in players))
    return instructor, players


async def readiness(classroom):
    response = await asyncio.to_thread(requests.get, f"{classroom.url}/readyz", timeout=120)
    return response.status_code, response.json()["status"]


async def until_state(classroom, wanted):
    deadline = time.monotonic() + 120
    while (state := await readiness(classroom)) != wanted:
        assert time.monotonic() < deadline, f"still {state}"
        await asyncio.sleep(0.1)


async def insist(number, player, results):
    """Gives the answer until it is acknowledged; what was refused may be tried again."""
    while True:
        (result,) = await player.send_call("quiz:answer", answer(number))
        if result["ok"]:
            results.setdefault(number, result)
            return
        assert result["error"]["code"] in ("unavailable", "rate_limited"), result
        await asyncio.sleep(result["error"].get("retryAfterMs", 200) / 1_000)


@bounded(180)
async def test_of_a_burst_in_which_the_database_is_killed_every_acknowledged_answer_is_stored_once(postgres_classroom):
    classroom = postgres_classroom
    instructor, players = await started(classroom)
    results = {}
    plays = [asyncio.create_task(insist(number, player, results)) for number, player in enumerate(players[: PLAYERS // 2])]
    while len(results) < PLAYERS // 8:
        await asyncio.sleep(0.001)
    await asyncio.to_thread(classroom.postgres.kill)
    plays += [asyncio.create_task(insist(number, player, results)) for number, player in enumerate(players) if number >= PLAYERS // 2]
    await until_state(classroom, (503, "database_unavailable"))
    known = set(results)
    assert await readiness(classroom) == (503, "database_unavailable")
    assert set(results) == known, "nothing is acknowledged while the database is down"

    await asyncio.to_thread(classroom.postgres.start)
    await until_state(classroom, (200, "ready"))
    await asyncio.gather(*plays)
    assert len(results) == PLAYERS
    assert len(compare_with_rows(classroom, results)) == PLAYERS

    # The board is the fold over the stored answers, those included of which nobody knew whether they were stored.
    await instructor.call("quiz:end", {"sessionId": SESSION})
    while True:
        board, details = await instructor.all_of_next("quiz:leaderboard")
        if details["final"]:
            break
    assert {row["userId"]: row["score"] for row in board} == classroom.scores(SESSION)


@bounded(180)
async def test_while_the_database_hangs_requests_fail_within_five_seconds_and_connections_live_on(postgres_classroom):
    classroom = postgres_classroom
    _, players = await started(classroom)
    reader, writer = players[0], players[1]
    for player in (reader, writer):
        assert (await player.call("chat:join", {"roomId": "room1"}))["ok"]
    classroom.postgres.hang()
    try:
        began = time.monotonic()

        async def timed(call):
            result = await call
            return result, time.monotonic() - began

        outcomes = await asyncio.gather(
            *(timed(player.call("quiz:answer", answer(number))) for number, player in enumerate(players)),
            timed(writer.call("chat:message", {"roomId": "room1", "content": "hello", "type": "text"})),
            timed(reader.call("chat:join", {"roomId": "room2"})),
        )
        for result, seconds in outcomes:
            assert result["ok"] is False and result["error"]["code"] == "unavailable", result
            assert seconds < 5.5, (result, seconds)
        assert (await readiness(classroom))[0] == 503
        assert (await asyncio.to_thread(requests.get, f"{classroom.url}/livez", timeout=120)).status_code == 200
        # What needs no database is answered as ever.
        late = await SocketIO.connect(classroom.port)
        assert (await reader.call("dashboard:unsubscribe"))["ok"] is True
        await late.leave()
    finally:
        classroom.postgres.go_on()
    await until_state(classroom, (200, "ready"))
    results = {}
    await asyncio.gather(*(insist(number, player, results) for number, player in enumerate(players)))
    assert len(compare_with_rows(classroom, results)) == PLAYERS
    metrics = requests.get(f"{classroom.url}/metrics", timeout=120).text
    for name in ("dunlin_database_connections", "dunlin_database_lost_connections", "dunlin_commit_batch_size_bucket"):
        assert name in metrics


@bounded(120)
async def test_a_token_and_a_session_are_known_to_another_server_on_the_same_database(postgres_classroom):
    classroom = postgres_classroom
    classroom.start(crowd=1)
    await hosted(classroom.port)
    classroom.server.terminate()
    classroom.restart()
    player = await SocketIO.connect(classroom.port, {"token": crowd_token(0)})
    joined = await player.call("quiz:join", {"sessionId": SESSION})
    assert joined["ok"] is True and joined["title"] == "Integration Test Quiz"


def test_the_doctor_says_that_a_database_does_not_sync(postgres_classroom, dunlin_command):
    def examined():
        command = [dunlin_command, "doctor", "--port", "0", "--database", postgres_classroom.database_url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, next(line for line in done.stdout.splitlines() if "database" in line)

    status, line = examined()
    assert status == 0 and "synced to disk" in line, line
    for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
        postgres_classroom.postgres.execute(statement)
    deadline = time.monotonic() + 60
    while postgres_classroom.postgres.rows("SELECT setting FROM pg_settings WHERE name = 'fsync'") != [{"setting": "off"}]:
        assert time.monotonic() < deadline
    status, line = examined()
    assert status == 69 and "fsync is off" in line, line
