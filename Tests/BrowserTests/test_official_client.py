"""The official Socket.IO client in Chromium, default options but a connection a client, on a page of the server's own origin: the lifecycle and the chat."""

import pytest
from playwright.sync_api import sync_playwright

# The steps of the classroom's integration tests as the client's own language says them. Returns what there is to judge.
LIFECYCLE = """async () => {
  const next = (client, event) => new Promise((resolve) => client.once(event, (...values) => resolve(values)));
  const first = async (client, event) => (await next(client, event))[0];
  const signedIn = async (token) => {
    const client = io({ forceNew: true });
    await first(client, 'connect');
    const success = first(client, 'auth:success');
    client.emit('auth', { token });
    await success;
    return client;
  };
  const clients = await Promise.all(['instructor_token', 'student1_token', 'student2_token'].map(signedIn));
  const [instructor, ...students] = clients;
  const sessionId = 'test_session_1';
  const report = {};

  let waiting = first(instructor, 'quiz:session:created');
  instructor.emit('quiz:create_session', { quizId: 'quiz1', sessionId });
  report.created = await waiting;

  waiting = Promise.all(students.map((student) => first(student, 'quiz:joined')));
  students.forEach((student) => student.emit('quiz:join', { sessionId }));
  report.joined = await waiting;

  waiting = Promise.all(students.map((student) => first(student, 'quiz:question')));
  const started = Promise.all(students.map((student) => first(student, 'quiz:started')));
  instructor.emit('quiz:start', { sessionId });
  report.started = await started;
  report.questions = await waiting;

  waiting = Promise.all(students.map((student) => first(student, 'quiz:answer:result')));
  students[0].emit('quiz:answer', { sessionId, questionId: 'q1', answer: 1 });
  students[1].emit('quiz:answer', { sessionId, questionId: 'q1', answer: 0 });
  report.results = await waiting;

  report.boards = await Promise.all(clients.map((client) => next(client, 'quiz:leaderboard')));
  report.acknowledged = await students[0].emitWithAck('quiz:answer', { sessionId, questionId: 'q1', answer: 0 });
  report.transports = clients.map((client) => client.io.engine.transport.name);
  clients.forEach((client) => client.disconnect());
  return report;
}"""

CHAT = """async () => {
  const first = (client, event) => new Promise((resolve) => client.once(event, resolve));
  const enter = async (token) => {
    const client = io({ auth: { token }, forceNew: true });
    await first(client, 'connect');
    const joined = first(client, 'chat:joined');
    client.emit('chat:join', { roomId: 'test_room_1' });
    await joined;
    return client;
  };
  const [ann, ben] = await Promise.all(['student1_token', 'student2_token'].map(enter));
  const received = first(ben, 'chat:message');
  ann.emit('chat:message', { roomId: 'test_room_1', content: 'Hello from integration test!', type: 'text' });
  const message = await received;
  const refused = await new Promise((resolve) => io({ auth: { token: 'wrong' }, forceNew: true }).on('connect_error', resolve));
  [ann, ben].forEach((client) => client.disconnect());
  return { message, refused: refused.message };
}"""


@pytest.fixture
def page(classroom, chromium, socket_io_script):
    """A page of the server with the client in it; the strict Content-Security-Policy is for scripts that are not a test's."""
    classroom.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_context(bypass_csp=True).new_page()
            page.set_default_timeout(30_000)
            page.goto(classroom.url + "/livez")
            page.add_script_tag(path=socket_io_script)
            yield page
        finally:
            browser.close()


def test_the_whole_lifecycle(page, classroom):
    report = page.evaluate(LIFECYCLE)
    assert (report["created"]["sessionId"], report["created"]["status"]) == ("test_session_1", "waiting")
    assert [joined["sessionId"] for joined in report["joined"]] == ["test_session_1"] * 2
    for question in report["questions"]:
        assert question["questionNumber"] == 1 and question["question"] == "What is 2 + 2?"
        assert question["options"] == ["3", "4", "5", "6"]
    right, wrong = report["results"]
    assert right["correct"] is True and wrong["correct"] is False
    for board, details in report["boards"]:
        assert [row["username"] for row in board] == ["student1", "student2"]
        assert board[0]["score"] == right["totalScore"] and details["players"] == 2
    assert report["acknowledged"]["duplicate"] is True and report["acknowledged"]["totalScore"] == right["totalScore"]
    assert report["transports"] == ["websocket"] * 3, "polling came first, then the upgrade"
    assert len(classroom.answers("test_session_1")) == 2


def test_the_chat(page, classroom):
    report = page.evaluate(CHAT)
    assert report["message"]["username"] == "student1"
    assert report["message"]["content"] == "Hello from integration test!"
    assert report["refused"] == "Invalid authentication token"
    assert [row["content"] for row in classroom.rows("SELECT content FROM chat_messages")] == ["Hello from integration test!"]
