"""Two hundred players answer at once, on a server that lives and on one that is killed in the middle."""

import asyncio
import time

from asynchronous import bounded
from classroom_data import crowd_token
from wire import SocketIO

PLAYERS = 200
SESSION = "test_burst"


async def seated(classroom, port, numbers):
    """Players who are signed in by the handshake and have joined; with what the join told each."""

    async def one(number):
        player = await SocketIO.connect(port, {"token": crowd_token(number)})
        joined = await player.call("quiz:join", {"sessionId": SESSION})
        assert joined["ok"] is True, joined
        return player, joined

    return await asyncio.gather(*(one(number) for number in numbers))


async def hosted(port, settings=None):
    instructor = await SocketIO.connect(port, {"token": "instructor_token"})
    created = await instructor.call(
        "quiz:create_session", {"quizId": "quiz1", "sessionId": SESSION, "settings": settings or {}}
    )
    assert created["ok"] is True, created
    return instructor


def answer(number):
    return {"sessionId": SESSION, "questionId": "q1", "answer": number % 4}


def compare_with_rows(classroom, results):
    """Each player's acknowledged result stands in the database, once and with the same points."""
    rows = {}
    for row in classroom.answers(SESSION):
        key = (row["question_id"], row["user_id"])
        assert key not in rows, f"{key} is stored twice"
        rows[key] = row
    for number, result in results.items():
        row = rows.get(("q1", f"crowd{number}"))
        assert row is not None, f"the acknowledged answer of crowd{number} is lost"
        stored = (bool(row["correct"]), row["score"], row["time_bonus"])
        assert stored == (result["correct"], result["score"], result["timeBonus"])
    return rows


async def final_board(instructor):
    """The leaderboard that says it is the last one."""
    while True:
        board, details = await instructor.all_of_next("quiz:leaderboard")
        if details["final"]:
            return board, details


def compare_with_fold(classroom, board, details):
    """The board's rows are the first hundred of a fold over the stored answers."""
    truth = classroom.scores(SESSION)
    assert details["players"] == PLAYERS
    assert len(board) == 100
    assert [row["score"] for row in board] == sorted(truth.values(), reverse=True)[:100]
    for row in board:
        assert row["score"] == truth[row["userId"]]


@bounded(120)
async def test_two_hundred_players_answer_at_once(any_classroom):
    classroom = any_classroom
    classroom.start("--question-lead-in", "200", crowd=PLAYERS)
    instructor = await hosted(classroom.port)
    players = [player for player, _ in await seated(classroom, classroom.port, range(PLAYERS))]
    await instructor.call("quiz:start", {"sessionId": SESSION})
    await asyncio.gather(*(player.next("quiz:question") for player in players))

    answers = [player.send_call("quiz:answer", answer(number)) for number, player in enumerate(players)]
    results = {number: acknowledgement[0] for number, acknowledgement in enumerate(await asyncio.gather(*answers))}
    assert len(results) == PLAYERS and all(result["ok"] for result in results.values())

    assert len(compare_with_rows(classroom, results)) == PLAYERS
    await instructor.call("quiz:end", {"sessionId": SESSION})
    compare_with_fold(classroom, *await final_board(instructor))


@bounded(120)
async def test_a_server_killed_in_the_burst_has_every_acknowledged_answer_once(any_classroom):
    classroom = any_classroom
    classroom.start("--question-lead-in", "200", crowd=PLAYERS)
    port = classroom.port
    instructor = await hosted(port, {"questionDurationMs": 60_000})
    players = [player for player, _ in await seated(classroom, port, range(PLAYERS))]
    await instructor.call("quiz:start", {"sessionId": SESSION})
    questions = await asyncio.gather(*(player.next("quiz:question") for player in players))
    deadline = questions[0]["deadline"]

    # The server dies as soon as a third of the burst is acknowledged; the last quarter comes after that, whatever the machine's speed.
    acknowledged, enough, killed = {}, asyncio.Event(), asyncio.Event()

    async def play(number, player):
        if number >= PLAYERS * 3 // 4:
            await killed.wait()
        try:
            (result,) = await player.send_call("quiz:answer", answer(number))
        except ConnectionResetError:
            return
        if result["ok"]:
            acknowledged[number] = result
            if len(acknowledged) >= PLAYERS // 3:
                enough.set()

    plays = [asyncio.create_task(play(number, player)) for number, player in enumerate(players)]
    await enough.wait()
    classroom.server.process.kill()
    killed.set()
    await asyncio.gather(*plays)
    classroom.server.kill()
    assert PLAYERS // 3 <= len(acknowledged) < PLAYERS, "the kill was meant to come in the middle"

    classroom.restart()
    assert len(compare_with_rows(classroom, acknowledged)) <= PLAYERS

    back = await seated(classroom, port, range(PLAYERS))
    instructor = await SocketIO.connect(port, {"token": "instructor_token"})
    observing = await instructor.call("quiz:observe", {"sessionId": SESSION})
    assert observing["ok"] is True, "the owner is host again"
    for number, (player, joined) in enumerate(back):
        assert joined["status"] == "active"
        assert joined["question"]["questionId"] == "q1"
        assert joined["question"]["deadline"] == deadline, "the deadline is the one from before"

    again = await asyncio.gather(*(player.send_call("quiz:answer", answer(number)) for number, (player, _) in enumerate(back)))
    results = {number: acknowledgement[0] for number, acknowledgement in enumerate(again)}
    for number, result in results.items():
        assert result["ok"] is True, result
        if number in acknowledged:
            assert result.pop("duplicate") is True
            assert result == acknowledged[number], "the same acknowledgement as before the kill"
    assert len(compare_with_rows(classroom, results)) == PLAYERS

    await instructor.call("quiz:end", {"sessionId": SESSION})
    compare_with_fold(classroom, *await final_board(instructor))


@bounded(60)
async def test_a_restarted_server_closes_the_question_at_its_old_deadline(any_classroom):
    classroom = any_classroom
    classroom.start("--question-lead-in", "100", crowd=1)
    port = classroom.port
    await hosted(port, {"questionDurationMs": 20_000})
    ((player, _),) = await seated(classroom, port, [0])
    instructor = await SocketIO.connect(port, {"token": "instructor_token"})
    await instructor.call("quiz:observe", {"sessionId": SESSION})
    await instructor.call("quiz:start", {"sessionId": SESSION})
    question = await player.next("quiz:question")
    result = await player.call("quiz:answer", {"questionId": "q1", "answer": 1})
    classroom.server.kill()
    classroom.restart()

    ((player, joined),) = await seated(classroom, port, [0])
    assert joined["question"]["deadline"] == question["deadline"]
    closed = await player.next("quiz:question:closed")
    late = time.time() - question["deadline"] / 1_000
    assert late > -0.1, f"closed {-late:.2f} s before the deadline"
    assert closed["questionId"] == "q1"
    assert classroom.scores(SESSION) == {"crowd0": result["totalScore"]}


@bounded(60)
async def test_a_question_whose_deadline_passed_while_the_server_was_down_is_closed(any_classroom):
    classroom = any_classroom
    classroom.start("--question-lead-in", "100", crowd=1)
    port = classroom.port
    instructor = await hosted(port, {"questionDurationMs": 1_000})
    ((player, _),) = await seated(classroom, port, [0])
    await instructor.call("quiz:start", {"sessionId": SESSION})
    question = await player.next("quiz:question")
    classroom.server.kill()
    await asyncio.sleep(max(0, question["deadline"] / 1_000 - time.time()) + 0.2)
    classroom.restart()

    ((player, _),) = await seated(classroom, port, [0])
    late = await player.call("quiz:answer", {"questionId": "q1", "answer": 1})
    assert late["ok"] is False and late["error"]["code"] == "closed"
    assert classroom.answers(SESSION) == []
