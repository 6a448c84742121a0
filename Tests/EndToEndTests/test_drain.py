"""The order of a drain: readiness fails, what is in hand is stored and answered, then sockets are closed."""

import asyncio

import requests

from asynchronous import bounded
from test_burst import SESSION, answer, compare_with_rows, hosted, seated


@bounded(60)
async def test_readiness_fails_first_then_commits_finish_then_sockets_are_closed(postgres_classroom):
    classroom = postgres_classroom
    classroom.start("--question-lead-in", "100", crowd=20)
    instructor = await hosted(classroom.port)
    players = [player for player, _ in await seated(classroom, classroom.port, range(20))]
    await instructor.call("quiz:start", {"sessionId": SESSION})
    await asyncio.gather(*(player.next("quiz:question") for player in players))
    # A commit that waits for the database holds the drain up.
    classroom.postgres.hang()
    try:
        given = asyncio.ensure_future(players[0].send_call("quiz:answer", answer(0)))
        await asyncio.to_thread(classroom.server.wait_until_it_has_read, players[0].socket.writer.get_extra_info("socket"))
        ended = asyncio.create_task(asyncio.to_thread(classroom.server.terminate))
        while await asyncio.to_thread(readiness, classroom) != (503, "draining"):
            await asyncio.sleep(0.01)
        assert not given.done() and not any(player.closed for player in players)
    finally:
        classroom.postgres.go_on()
    (result,) = await given
    status, seconds = await ended
    assert status == 0 and seconds <= 30
    for player in [*players, instructor]:
        assert (await player.until_closed()).code == 1012
    # Nobody is told that it is stored unless it is.
    assert result["ok"] or result["error"]["code"] == "unavailable"
    classroom.restart()
    compare_with_rows(classroom, {0: result} if result["ok"] else {})


def readiness(classroom):
    """None: no answer in time. A look at the database that hangs takes two seconds, and a drain is told at once."""
    try:
        response = requests.get(f"{classroom.url}/readyz", timeout=0.3)
    except requests.Timeout:
        return None
    return response.status_code, response.json()["status"]
