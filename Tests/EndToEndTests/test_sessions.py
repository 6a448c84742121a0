"""Sessions in the situations of real classes: rows deleted by hand, two devices, kicks, restarts, scripts that play by themselves."""

import asyncio

from asynchronous import bounded
from wire import SocketIO


async def signed_in(classroom, *tokens):
    return await asyncio.gather(*(SocketIO.connect(classroom.port, {"token": token}) for token in tokens))


async def open_question(classroom, instructor, session, *players, settings=None):
    """Creates a session, lets everybody join, starts it and waits for the first question."""
    request = {"quizId": "quiz1", "sessionId": session, "settings": settings or {}}
    created = await instructor.call("quiz:create_session", request)
    assert created["ok"] is True, created
    for player in players:
        joined = await player.call("quiz:join", {"sessionId": session})
        assert joined["ok"] is True, joined
    await instructor.call("quiz:start", {"sessionId": session})
    return await asyncio.gather(*(player.next("quiz:question") for player in players))


@bounded(30)
async def test_a_session_that_is_deleted_by_hand_ends_quietly_and_its_id_is_free(classroom):
    classroom.start("--question-lead-in", "100")
    instructor, ann = await signed_in(classroom, "instructor_token", "student1_token")
    for _ in range(2):
        await open_question(classroom, instructor, "test_again", ann)
        first = await ann.call("quiz:answer", {"questionId": "q1", "answer": 1})
        assert first["ok"] is True and "duplicate" not in first
        classroom.execute("DELETE FROM quiz_answers WHERE session_id LIKE ?", "test_%")
        classroom.execute("DELETE FROM quiz_sessions WHERE id LIKE ?", "test_%")
    assert classroom.server.is_running


@bounded(30)
async def test_an_answer_to_a_session_that_vanished_is_refused(classroom):
    classroom.start("--question-lead-in", "100")
    instructor, ann = await signed_in(classroom, "instructor_token", "student1_token")
    await open_question(classroom, instructor, "test_gone", ann)
    classroom.execute("DELETE FROM quiz_sessions WHERE id = ?", "test_gone")
    refused = await ann.call("quiz:answer", {"sessionId": "test_gone", "questionId": "q1", "answer": 1})
    assert refused["ok"] is False and refused["error"]["code"] in ("not_found", "closed"), refused
    assert classroom.answers("test_gone") == []


@bounded(30)
async def test_two_devices_of_one_user_get_one_answer_between_them(classroom):
    classroom.start("--question-lead-in", "100")
    instructor, phone, laptop = await signed_in(classroom, "instructor_token", "student1_token", "student1_token")
    await open_question(classroom, instructor, "test_devices", phone, laptop)
    answers = (phone.send_call("quiz:answer", {"questionId": "q1", "answer": 1}), laptop.send_call("quiz:answer", {"questionId": "q1", "answer": 0}))
    results = [acknowledgement[0] for acknowledgement in await asyncio.gather(*answers)]
    assert [result["ok"] for result in results] == [True, True]
    assert sorted(bool(result.pop("duplicate", False)) for result in results) == [False, True]
    assert results[0] == results[1], "both devices are told the same"
    assert len(classroom.answers("test_devices")) == 1


@bounded(30)
async def test_an_answer_belongs_to_the_open_question_only(classroom):
    classroom.start("--question-lead-in", "100")
    instructor, ann, ben = await signed_in(classroom, "instructor_token", "student1_token", "student2_token")
    await open_question(classroom, instructor, "test_phase", ann, ben)
    early = await ann.call("quiz:answer", {"questionId": "q2", "answer": 2})
    assert early["ok"] is False
    await ann.call("quiz:answer", {"questionId": "q1", "answer": 1})
    await instructor.call("quiz:close", {"sessionId": "test_phase"})
    late = await ben.call("quiz:answer", {"questionId": "q1", "answer": 1})
    assert late["ok"] is False and late["error"]["code"] == "closed"
    again = await ann.call("quiz:answer", {"questionId": "q1", "answer": 1})
    assert again["ok"] is True and again["duplicate"] is True, "a repeated answer gets its first result in every phase"
    assert [row["user_id"] for row in classroom.answers("test_phase")] == ["user1"]


@bounded(30)
async def test_a_student_cannot_take_the_hosts_place(classroom):
    classroom.start("--question-lead-in", "100")
    instructor, ann = await signed_in(classroom, "instructor_token", "student1_token")
    await open_question(classroom, instructor, "test_host", ann)
    for event in ("quiz:start", "quiz:next", "quiz:close", "quiz:end"):
        refused = await ann.call(event, {"sessionId": "test_host"})
        assert refused["error"]["code"] == "forbidden", (event, refused)
    observing = await ann.call("quiz:observe", {"sessionId": "test_host"})
    assert "'correctAnswer'" not in str(observing)


@bounded(30)
async def test_who_is_kicked_stays_out_and_does_not_count(classroom):
    classroom.start("--question-lead-in", "100")
    instructor, ann, ben = await signed_in(classroom, "instructor_token", "student1_token", "student2_token")
    await open_question(classroom, instructor, "test_kick", ann, ben)
    kicked = await instructor.call("quiz:kick", {"sessionId": "test_kick", "userId": "user2"})
    assert kicked["ok"] is True
    assert (await ben.call("quiz:answer", {"sessionId": "test_kick", "questionId": "q1", "answer": 1}))["ok"] is False
    assert (await ben.call("quiz:join", {"sessionId": "test_kick"}))["ok"] is False
    (ben_again,) = await signed_in(classroom, "student2_token")
    assert (await ben_again.call("quiz:join", {"sessionId": "test_kick"}))["ok"] is False
    await ann.call("quiz:answer", {"questionId": "q1", "answer": 1})
    await instructor.call("quiz:end", {"sessionId": "test_kick"})
    board, details = await ann.all_of_next("quiz:leaderboard")
    while not details["final"]:
        board, details = await ann.all_of_next("quiz:leaderboard")
    assert [row["userId"] for row in board] == ["user1"]


@bounded(40)
async def test_chat_goes_on_after_a_kill_where_it_was(classroom):
    classroom.start()
    (ann,) = await signed_in(classroom, "student1_token")
    await ann.call("chat:join", {"roomId": "room"})
    sent = [await ann.call("chat:message", {"roomId": "room", "content": f"{number}", "type": "text"}) for number in range(3)]
    assert all(message["ok"] for message in sent)
    classroom.server.kill()
    classroom.restart()
    (ann,) = await signed_in(classroom, "student1_token")
    joined = await ann.call("chat:join", {"roomId": "room"})
    assert [message["content"] for message in joined["history"]] == ["0", "1", "2"]
    after = await ann.call("chat:message", {"roomId": "room", "content": "3", "type": "text"})
    assert after["sequence"] == sent[-1]["sequence"] + 1


@bounded(30)
async def test_requests_take_effect_in_their_order_without_waiting_for_answers(classroom):
    """Everything in one breath, on a connection that is not signed in yet."""
    classroom.start()
    one = await SocketIO.connect(classroom.port)
    one.emit("auth", {"token": "student1_token", "_sentAt": 12.5})
    one.emit("chat:join", {"roomId": "room"})
    for number in range(5):
        one.emit("chat:message", {"content": f"{number}", "type": "text", "_sentAt": number})
    one.emit("chat:leave", {})
    one.emit("auth", {"token": "student2_token"})
    signed_in = await one.next("auth:success")
    assert (signed_in["userId"], signed_in["_sentAt"]) == ("user1", 12.5)
    assert (await one.next("chat:joined"))["roomId"] == "room"
    for number in range(5):
        message = await one.next("chat:message")
        assert (message["content"], message["userId"], message["_sentAt"]) == (f"{number}", "user1", number)
    await one.next("chat:left")
    assert (await one.next("auth:success"))["userId"] == "user2"
    await one.leave()


@bounded(30)
async def test_what_arrived_is_carried_out_even_if_the_client_goes(classroom):
    classroom.start()
    (witness,) = await signed_in(classroom, "student2_token")
    assert (await witness.call("chat:join", {"roomId": "room"}))["history"] == []
    one = await SocketIO.connect(classroom.port)
    one.emit("auth", {"token": "student1_token"})
    one.emit("chat:join", {"roomId": "room"})
    one.emit("chat:message", {"roomId": "room", "content": "my last words", "type": "text"})
    await one.socket.writer.drain()
    await one.leave()
    assert (await witness.next("chat:message"))["content"] == "my last words"
    history = (await witness.call("chat:join", {"roomId": "room"}))["history"]
    assert [message["content"] for message in history] == ["my last words"]


async def play_self_paced(port, session, questions):
    """The load scripts' way: token, join, then answers one after the other, with texts where numbers are meant."""
    player = await SocketIO.connect(port)
    player.emit("auth", {"token": "test_token"})
    assert (await player.next("auth:success"))["userId"]
    player.emit("quiz:join", {"sessionId": session})
    assert (await player.next("quiz:joined"))["status"] == "active"
    for question in questions:
        player.emit("quiz:answer", {"questionId": question, "answer": "2", "timeSpent": "17"})
        result = await player.next("quiz:answer:result")
        assert result["questionId"] == question and result["sessionId"] == session
    player.emit("quiz:leave")
    await player.next("quiz:left")
    await player.leave()


@bounded(40)
async def test_the_demo_plays_what_the_load_scripts_emit(dunlin):
    server = dunlin("--demo", "--database", "sqlite:demo.sqlite")
    await play_self_paced(server.port, "load-test-session-3", [f"q-{number}" for number in range(1, 10)])
    await asyncio.sleep(3.5)  # the bucket of nine refills at three a second
    await play_self_paced(server.port, "load_test_session", [f"q{number}" for number in range(9)])
