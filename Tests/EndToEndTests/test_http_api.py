"""The HTTP API beside a session that was played: quizzes, import, reports."""

import csv
import io

import requests

from asynchronous import bounded
from wire import SocketIO

TEACHER = {"Authorization": "Bearer instructor_token"}
STUDENT = {"Authorization": "Bearer student1_token"}
DRAFT = {
    "title": "Birds",
    "questions": [
        {"question": "Which one is a wader?", "options": ["Wren", "Dunlin"], "correctAnswer": "Dunlin"},
        {"question": "How many toes has a sanderling?", "options": ["3", "4"], "correctAnswer": 0},
    ],
}


def request(classroom, method, path, headers=TEACHER, **more):
    return requests.request(method, f"{classroom.url}/api/v1{path}", headers=headers, timeout=60, **more)


def test_a_quiz_is_created_read_replaced_and_deleted(classroom):
    classroom.start()
    assert request(classroom, "GET", "/quizzes", headers={}).status_code == 401
    assert request(classroom, "POST", "/quizzes", headers=STUDENT, json=DRAFT).status_code == 403
    created = request(classroom, "POST", "/quizzes", json=DRAFT)
    assert created.status_code == 201
    path = created.headers["location"].removeprefix("/api/v1")
    assert [question["correctAnswer"] for question in request(classroom, "GET", path).json()["questions"]] == [1, 0]
    assert "correctAnswer" not in request(classroom, "GET", path, headers=STUDENT).text
    assert request(classroom, "PUT", path, json={**DRAFT, "title": "More birds"}).json()["title"] == "More birds"
    titles = [quiz["title"] for quiz in request(classroom, "GET", "/quizzes").json()["quizzes"]]
    assert "More birds" in titles and "Integration Test Quiz" in titles
    assert request(classroom, "POST", "/quizzes", json={"title": "", "questions": []}).status_code == 400
    assert request(classroom, "POST", "/quizzes", data=b"x" * 1_000_001).status_code == 413
    assert request(classroom, "DELETE", path).status_code == 204
    assert request(classroom, "GET", path).status_code == 404


def test_an_import_over_http_reports_what_it_left_out(classroom):
    classroom.start()
    body = b"#Q Is it?\n^ Yes\nA Yes\nB No\n\n#Q Broken\n^ Neither\nA One\nB Two\n"
    answer = request(classroom, "POST", "/quizzes/import?format=opentriviaqa&title=Small", data=body)
    assert answer.status_code == 201
    report = answer.json()
    assert (report["imported"], report["rejectedCount"]) == (1, 1)
    assert report["rejected"][0]["line"] in (6, 7)


@bounded(40)
async def test_the_report_of_a_session_is_the_fold_over_its_answers(classroom):
    classroom.start("--question-lead-in", "100")
    instructor = await SocketIO.connect(classroom.port, {"token": "instructor_token"})
    session = await instructor.call("quiz:create_session", {"quizId": "quiz1", "sessionId": "test_report"})
    guest = await SocketIO.connect(classroom.port)
    joined = await guest.call("quiz:join", {"joinCode": session["joinCode"], "nickname": "=1+1"})
    assert joined["ok"] is True, joined
    ann = await SocketIO.connect(classroom.port, {"token": "student1_token"})
    await ann.call("quiz:join", {"sessionId": "test_report"})
    await instructor.call("quiz:start", {"sessionId": "test_report"})
    await ann.next("quiz:question")
    await ann.call("quiz:answer", {"questionId": "q1", "answer": 1})
    await guest.call("quiz:answer", {"questionId": "q1", "answer": "4"})
    await instructor.call("quiz:end", {"sessionId": "test_report"})

    report = request(classroom, "GET", "/sessions/test_report/report").json()
    assert {player["userId"]: player["score"] for player in report["players"]} == classroom.scores("test_report")
    assert report["questions"][0]["distribution"] == [0, 2, 0, 0]
    assert request(classroom, "GET", "/sessions/test_report/report", headers=STUDENT).status_code == 403

    sheet = request(classroom, "GET", "/sessions/test_report/report.csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    cells = [cell for row in csv.reader(io.StringIO(sheet.text)) for cell in row]
    assert "student1" in cells
    assert not any(cell.startswith(("=", "@", "+", "-")) for cell in cells), "no cell starts a formula"
    listed = request(classroom, "GET", "/sessions?status=ended").json()["sessions"]
    assert [entry["sessionId"] for entry in listed] == ["test_report"]


def test_the_description_of_the_api_is_served(classroom):
    classroom.start()
    document = requests.get(f"{classroom.url}/api/v1/openapi.yaml", timeout=60)
    assert document.status_code == 200 and document.text.startswith("openapi: 3")
