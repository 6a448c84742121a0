"""A whole quiz and a chat, played by an ordinary Socket.IO client with its default options on a server with SQLite."""

import asyncio

from asynchronous import bounded
from classroom_data import crowd_token
from players import Players


@bounded(60)
async def test_a_complete_quiz_session(classroom):
    classroom.start()
    async with Players(classroom.url, 3) as (instructor, ann, ben):
        assert instructor.client.transport() == "websocket", "the default options end in an upgrade"
        signed_in = await asyncio.gather(
            instructor.sign_in("instructor_token"), ann.sign_in("student1_token"), ben.sign_in("student2_token")
        )
        assert [user["userId"] for user in signed_in] == ["instructor1", "user1", "user2"]
        assert [user["role"] for user in signed_in] == ["instructor", "student", "student"]

        await instructor.emit("quiz:create_session", {"quizId": "quiz1", "sessionId": "test_session_1"})
        session = await instructor.next("quiz:session:created")
        assert session["sessionId"] == "test_session_1"
        assert session["status"] == "waiting"
        assert session["title"] == "Integration Test Quiz"
        assert len(session["joinCode"]) == 6 and session["joinCode"].isdigit()

        for student in (ann, ben):
            await student.emit("quiz:join", {"sessionId": "test_session_1"})
        for student in (ann, ben):
            joined = await student.next("quiz:joined")
            assert joined["sessionId"] == "test_session_1"
            assert joined["questionCount"] == 2
            assert "'correctAnswer'" not in str(joined)

        await instructor.emit("quiz:start", {"sessionId": "test_session_1"})
        started = await asyncio.gather(ann.next("quiz:started"), ben.next("quiz:started"))
        assert all(event["startsInMs"] <= 1_000 for event in started)

        questions = await asyncio.gather(ann.next("quiz:question"), ben.next("quiz:question"))
        for question in questions:
            assert question["questionNumber"] == 1
            assert question["question"] == "What is 2 + 2?"
            assert question["options"] == ["3", "4", "5", "6"]
            assert "correctAnswer" not in question

        await ann.emit("quiz:answer", {"sessionId": "test_session_1", "questionId": "q1", "answer": 1})
        await ben.emit("quiz:answer", {"sessionId": "test_session_1", "questionId": "q1", "answer": 0})
        right, wrong = await asyncio.gather(ann.next("quiz:answer:result"), ben.next("quiz:answer:result"))
        assert right["correct"] is True
        assert wrong["correct"] is False
        assert right["score"] == 100 and right["totalScore"] == right["score"] + right["timeBonus"]
        assert wrong["totalScore"] == 0

        # Whoever starts to listen after the results must still see the board that counts them.
        for player in (ann, ben, instructor):
            player.forget("quiz:leaderboard")
        boards = await asyncio.gather(*(player.all_of_next("quiz:leaderboard") for player in (ann, ben, instructor)))
        for board, details in boards:
            assert [(row["username"], row["score"]) for row in board] == [("student1", right["totalScore"]), ("student2", 0)]
            assert details["sessionId"] == "test_session_1" and details["final"] is False and details["players"] == 2

        rows = classroom.answers("test_session_1")
        assert sorted((row["user_id"], row["question_id"], bool(row["correct"])) for row in rows) == [
            ("user1", "q1", True),
            ("user2", "q1", False),
        ]

        await ann.emit("quiz:answer", {"sessionId": "test_session_1", "questionId": "q1", "answer": 0})
        again = await ann.next("quiz:answer:result")
        assert again.pop("duplicate") is True
        assert again == right, "a second answer gets the first result, unchanged"
        assert len(classroom.answers("test_session_1")) == 2

        await instructor.emit("quiz:close", {"sessionId": "test_session_1"})
        closed = await ben.next("quiz:question:closed")
        assert closed["questionId"] == "q1"

        await instructor.emit("quiz:next", {"sessionId": "test_session_1"})
        assert (await ben.next("quiz:question"))["questionNumber"] == 2

        await instructor.emit("quiz:end", {"sessionId": "test_session_1"})
        await asyncio.gather(*(player.next("quiz:ended") for player in (ann, ben, instructor)))
        (status,) = classroom.rows("SELECT status FROM quiz_sessions WHERE id = ?", "test_session_1")
        assert status["status"] == "ended"


@bounded(60)
async def test_twenty_clients_answer_at_the_same_moment(classroom):
    classroom.start(crowd=20)
    async with Players(classroom.url, 21) as (instructor, *students):
        await instructor.sign_in("instructor_token")
        created = await instructor.call("quiz:create_session", {"quizId": "quiz1", "sessionId": "test_concurrent_session"})
        assert created["ok"] is True

        async def join(number, student):
            await student.sign_in(crowd_token(number))
            await student.emit("quiz:join", {"sessionId": "test_concurrent_session"})
            await student.next("quiz:joined")

        await asyncio.gather(*(join(number, student) for number, student in enumerate(students)))
        await instructor.emit("quiz:start", {"sessionId": "test_concurrent_session"})
        await asyncio.gather(*(student.next("quiz:question") for student in students))

        async def answer(number, student):
            payload = {"sessionId": "test_concurrent_session", "questionId": "q1", "answer": number % 4}
            await student.emit("quiz:answer", payload)
            return await student.next("quiz:answer:result")

        results = await asyncio.gather(*(answer(number, student) for number, student in enumerate(students)))
        assert len(results) == 20
        assert [result["correct"] for result in results] == [number % 4 == 1 for number in range(20)]
        rows = classroom.rows("SELECT COUNT(*) AS count FROM quiz_answers WHERE session_id = ?", "test_concurrent_session")
        assert rows[0]["count"] == 20
        assert sum(classroom.scores("test_concurrent_session").values()) == sum(result["totalScore"] for result in results)


@bounded(60)
async def test_a_chat_message_reaches_the_room_and_is_kept(classroom):
    classroom.start()
    async with Players(classroom.url, 2) as (ann, ben):
        await asyncio.gather(ann.sign_in("student1_token"), ben.sign_in("student2_token"))
        for student in (ann, ben):
            await student.emit("chat:join", {"roomId": "test_room_1"})
            joined = await student.next("chat:joined")
            assert joined["roomId"] == "test_room_1" and joined["history"] == []

        message = {"roomId": "test_room_1", "content": "Hello from integration test!", "type": "text"}
        await ann.emit("chat:message", message)
        received, echoed = await asyncio.gather(ben.next("chat:message"), ann.next("chat:message"))
        assert received == echoed, "the sender gets what the room gets"
        assert (received["username"], received["content"], received["type"]) == ("student1", message["content"], "text")

        stored = classroom.rows("SELECT * FROM chat_messages WHERE room_id = ?", "test_room_1")
        assert [row["content"] for row in stored] == ["Hello from integration test!"]

        async with Players(classroom.url, 1, auth={"token": "student2_token"}) as (late,):
            joined = await late.call("chat:join", {"roomId": "test_room_1"})
            assert [entry["content"] for entry in joined["history"]] == ["Hello from integration test!"]


@bounded(60)
async def test_two_people_talking_at_once_are_heard_in_one_order(classroom):
    classroom.start()
    async with Players(classroom.url, 3) as (ann, ben, cleo):
        tokens = ("student1_token", "student2_token", "instructor_token")
        await asyncio.gather(*(player.sign_in(token) for player, token in zip((ann, ben, cleo), tokens)))
        await asyncio.gather(*(player.call("chat:join", {"roomId": "talk"}) for player in (ann, ben, cleo)))
        for number in range(10):
            await ann.emit("chat:message", {"roomId": "talk", "content": f"ann {number}", "type": "text"})
            await ben.emit("chat:message", {"roomId": "talk", "content": f"ben {number}", "type": "text"})

        heard = [[await player.next("chat:message") for _ in range(20)] for player in (ann, ben, cleo)]
        orders = [[(message["sequence"], message["content"]) for message in log] for log in heard]
        assert orders[0] == orders[1] == orders[2]
        sequence = [number for number, _ in orders[0]]
        assert sequence == list(range(sequence[0], sequence[0] + 20)), "no gap, ascending"
        for name in ("ann", "ben"):
            own = [content for _, content in orders[0] if content.startswith(name)]
            assert own == [f"{name} {number}" for number in range(10)], "one's own messages stay in sending order"


@bounded(60)
async def test_a_guest_joins_by_code_and_comes_back_by_token(classroom):
    classroom.start("--question-lead-in", "100")
    async with Players(classroom.url, 2) as (instructor, guest):
        await instructor.sign_in("instructor_token")
        session = await instructor.call("quiz:create_session", {"quizId": "quiz1"})
        joined = await guest.call("quiz:join", {"joinCode": session["joinCode"], "nickname": "Lea"})
        assert joined["ok"] is True and joined["you"]["token"]

        await instructor.emit("quiz:start", {"sessionId": session["sessionId"]})
        await guest.next("quiz:question")
        first = await guest.call("quiz:answer", {"questionId": "q1", "answer": 1})
        assert first["correct"] is True
        await guest.leave()

        async with Players(classroom.url, 1) as (again,):
            back = await again.call("quiz:join", {"sessionId": session["sessionId"], "token": joined["you"]["token"]})
            assert back["ok"] is True and back["you"]["userId"] == joined["you"]["userId"]
            repeated = await again.call("quiz:answer", {"questionId": "q1", "answer": 0})
            assert repeated["duplicate"] is True and repeated["totalScore"] == first["totalScore"]
        assert len(classroom.answers(session["sessionId"])) == 1


@bounded(30)
async def test_the_dashboard_counts_people_and_not_sockets(classroom):
    classroom.start()
    async with Players(classroom.url, 3) as (teacher, ann, ann_again):
        await teacher.sign_in("instructor_token")
        await asyncio.gather(ann.sign_in("student1_token"), ann_again.sign_in("student1_token"))
        await teacher.emit("dashboard:subscribe", {"metrics": ["active_users", "quiz_sessions", "messages_per_second"]})
        await teacher.next("dashboard:subscribed")
        report = await teacher.next("dashboard:metrics")
        assert report["metrics"]["active_users"] == 2
        assert set(report["metrics"]) == {"active_users", "quiz_sessions", "messages_per_second"}

        refused = await ann.call("dashboard:subscribe", {"metrics": ["moon_phase"]})
        assert refused["ok"] is False and "active_users" in refused["error"]["message"]
        await teacher.emit("dashboard:unsubscribe")
        await teacher.next("dashboard:unsubscribed")


@bounded(30)
async def test_who_may_not_is_told_so(classroom):
    classroom.start()
    async with Players(classroom.url, 2) as (student, stranger):
        await student.sign_in("student1_token")
        await student.emit("quiz:create_session", {"quizId": "quiz1"})
        refusal = await student.next("quiz:error")
        assert refusal["code"] == "forbidden" and refusal["event"] == "quiz:create_session"

        await stranger.emit("auth", {"token": "no such token"})
        refusal = await stranger.next("auth:error")
        assert refusal["message"] == "Invalid authentication token" and refusal["code"] == "unauthenticated"
        await stranger.emit("chat:join", {"roomId": "room"})
        assert (await stranger.next("chat:error"))["code"] == "unauthenticated"
        await student.emit("quiz:join", {"sessionId": "nowhere"})
        refusal = await student.next("quiz:error")
        assert (refusal["message"], refusal["code"]) == ("Session not found", "not_found")
