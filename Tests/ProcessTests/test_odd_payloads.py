"""Every event with every kind of payload: an answer each time, and never the connection's or the server's end."""

import asyncio

import pytest

from asynchronous import bounded
from wire import SocketIO

EVENTS = ["auth", "quiz:create_session", "quiz:join", "quiz:observe", "quiz:start", "quiz:next", "quiz:close", "quiz:end", "quiz:kick"]
EVENTS += ["quiz:lock"]
EVENTS += ["quiz:answer", "quiz:leave", "chat:join", "chat:message", "chat:leave", "dashboard:subscribe", "dashboard:unsubscribe"]

FIELDS = ["token", "quizId", "sessionId", "joinCode", "nickname", "userId", "questionId", "answer", "timeSpent", "roomId"]
FIELDS += ["content", "type", "clientId", "deviceId", "locked", "metrics", "intervalMs", "settings", "_sentAt"]
VALUES = [None, True, -1, 1e308, "", "x" * 5_000, "../../etc", "\u0000\u202e\ud83d", [], [[[]]], {}, {"$ne": 1}]
PAYLOADS = [(), (None,), ({},), ([],), (5,), ("text",), (True,), ({}, {}, {})]
PAYLOADS += [(dict.fromkeys(FIELDS, value),) for value in VALUES]
CODES = {"unauthenticated", "forbidden", "not_found", "invalid", "conflict", "closed", "rate_limited", "unavailable"}


@pytest.mark.parametrize("auth", [None, {"token": "instructor_token"}], ids=["a stranger", "signed in"])
@pytest.mark.parametrize("event", EVENTS)
@bounded(30)
async def test_an_event_is_answered_whatever_it_carries(shared_classroom, event, auth):
    client = await SocketIO.connect(shared_classroom.port, auth)
    calls = [client.send_call(event, *payload) for payload in PAYLOADS]
    for payload, call in zip(PAYLOADS, calls):
        (answer,) = await asyncio.wait_for(call, 60)
        if not answer["ok"]:
            assert answer["error"]["code"] in CODES, (str(payload)[:80], answer)
            assert answer["error"]["message"]
    await client.leave()


@bounded(30)
async def test_an_event_of_ours_that_does_not_exist_is_refused_and_a_foreign_one_ignored(shared_classroom):
    client = await SocketIO.connect(shared_classroom.port)
    client.emit("unheard of", {})
    for event in ("quiz:unheard_of", "chat:", "dashboard:x"):
        answer = await client.call(event, {})
        assert answer["ok"] is False and answer["error"]["code"] == "not_found"
    await client.leave()
