"""Two servers on one PostgreSQL: one runs a session, the other goes on when the first is gone."""

import asyncio
import os
import signal
import time

from asynchronous import bounded
from classroom_data import crowd_token
from test_burst import SESSION, answer, compare_with_rows, hosted
from wire import SocketIO


async def question_on_first(classroom):
    """The second server, and a player of the first who has a question."""
    classroom.start("--question-lead-in", "100", crowd=3)
    second = classroom.start_another()
    instructor = await hosted(classroom.port, {"questionDurationMs": 60_000})
    player = await SocketIO.connect(classroom.port, {"token": crowd_token(0)})
    assert (await player.call("quiz:join", {"sessionId": SESSION}))["ok"]
    await instructor.call("quiz:start", {"sessionId": SESSION})
    return second, instructor, player, await player.next("quiz:question")


def epoch(classroom):
    return classroom.postgres.rows(f"select epoch from quiz_sessions where id = '{SESSION}'")[0]["epoch"]


async def until_taken_over(classroom, before):
    while epoch(classroom) == before:
        await asyncio.sleep(0.1)


@bounded(120)
async def test_a_session_goes_on_at_another_server_when_its_own_is_killed(postgres_classroom):
    classroom = postgres_classroom
    second, _, player, question = await question_on_first(classroom)
    acknowledged = await player.call("quiz:answer", answer(0))
    assert acknowledged["ok"]
    before = epoch(classroom)
    classroom.server.kill()
    began = time.monotonic()
    await until_taken_over(classroom, before)
    assert time.monotonic() - began < 10, "a lease lasts for 3 s, and orphans are looked for every second"

    player = await SocketIO.connect(second.port, {"token": crowd_token(0)})
    joined = await player.call("quiz:join", {"sessionId": SESSION})
    assert joined["ok"] and joined["question"]["deadline"] == question["deadline"]
    again = await player.call("quiz:answer", answer(0))
    assert again.pop("duplicate") is True and again == acknowledged
    instructor = await SocketIO.connect(second.port, {"token": "instructor_token"})
    assert (await instructor.call("quiz:observe", {"sessionId": SESSION}))["ok"]
    assert (await instructor.call("quiz:close", {"sessionId": SESSION}))["ok"]
    assert (await player.next("quiz:question:closed"))["answered"] == 1
    assert len(compare_with_rows(classroom, {0: acknowledged})) == 1


@bounded(120)
async def test_a_server_that_was_stopped_finds_its_epoch_old_and_lets_go(postgres_classroom):
    classroom = postgres_classroom
    second, instructor, player, _ = await question_on_first(classroom)
    before = epoch(classroom)
    os.kill(classroom.server.pid, signal.SIGSTOP)
    try:
        await until_taken_over(classroom, before)
    finally:
        os.kill(classroom.server.pid, signal.SIGCONT)
    refused = await player.call("quiz:answer", answer(0))
    assert refused["ok"] is False and refused["error"]["code"] == "unavailable", refused
    ended = await instructor.call("quiz:end", {"sessionId": SESSION})
    assert ended["ok"] is False and ended["error"]["code"] == "unavailable", ended
    assert classroom.answers(SESSION) == []

    moved = await SocketIO.connect(second.port, {"token": crowd_token(0)})
    assert (await moved.call("quiz:join", {"sessionId": SESSION}))["question"]["questionId"] == "q1"
    result = await moved.call("quiz:answer", answer(0))
    assert result["ok"]
    assert len(compare_with_rows(classroom, {0: result})) == 1
    assert epoch(classroom) == before + 1, "one owner after the other, and no third"


@bounded(120)
async def test_a_server_that_is_terminated_leaves_its_sessions_to_the_other_at_once(postgres_classroom):
    classroom = postgres_classroom
    second, _, _, question = await question_on_first(classroom)
    await asyncio.to_thread(classroom.server.terminate)
    player = await SocketIO.connect(second.port, {"token": crowd_token(1)})
    joined = await player.call("quiz:join", {"sessionId": SESSION})
    assert joined["ok"] and joined["question"]["deadline"] == question["deadline"]
