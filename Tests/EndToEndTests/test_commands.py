"""The command as an operator meets it: the line it prints, its exit statuses, its signals, its tokens."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
from contextlib import closing

import pytest
import requests

from asynchronous import bounded
from wire import SocketIO


def run(command, *arguments, folder, seconds=120):
    return subprocess.run(
        [command, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
    )


def test_it_says_where_it_listens_and_is_alive_and_ready(dunlin):
    server = dunlin("--database", "sqlite:here.sqlite")
    assert f"listening on http://127.0.0.1:{server.port}" in server.lines
    for path in ("/livez", "/readyz"):
        assert requests.get(server.url + path, timeout=60).status_code == 200
    metrics = requests.get(server.url + "/metrics", timeout=60)
    assert metrics.headers["content-type"].startswith("text/plain")
    assert re.search(r"^# TYPE \w+ (counter|gauge|histogram|summary)$", metrics.text, re.MULTILINE)


def test_the_database_is_a_file_in_the_working_folder_by_default(dunlin, tmp_path):
    dunlin()
    assert (tmp_path / "dunlin.sqlite").exists()


def users_in(database):
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute("SELECT count(*) FROM users").fetchone()[0]


def test_the_file_is_the_owners_alone_its_path_is_printed_and_after_a_stop_it_holds_everything(dunlin, tmp_path):
    server = dunlin("--demo", "--database", "sqlite:here.sqlite")
    assert server.wait_for_line("database: ") == str(tmp_path / "here.sqlite")
    assert (tmp_path / "here.sqlite").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "here.sqlite")) as another_program:
        another_program.execute("SELECT count(*) FROM users").fetchone()
        assert server.terminate()[0] == 0
        shutil.copy(tmp_path / "here.sqlite", tmp_path / "copy.sqlite")
    assert users_in(tmp_path / "copy.sqlite") >= 4


def test_a_running_classroom_is_copied_by_backup(dunlin, dunlin_command, tmp_path):
    dunlin("--demo", "--database", "sqlite:here.sqlite")
    finished = run(dunlin_command, "backup", "copy.sqlite", "--database", "sqlite:here.sqlite", folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert users_in(tmp_path / "copy.sqlite") >= 4
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o777 == 0o600
    again = run(dunlin_command, "backup", "copy.sqlite", "--database", "sqlite:here.sqlite", folder=tmp_path)
    assert again.returncode == 73 and "copy.sqlite: the file exists" in again.stderr
    missing = run(dunlin_command, "backup", "other.sqlite", "--database", "sqlite:nowhere.sqlite", folder=tmp_path)
    assert missing.returncode == 69 and "no such file" in missing.stderr
    revoked = run(dunlin_command, "token", "revoke", "--user", "ada", "--database", "sqlite:nowhere.sqlite", folder=tmp_path)
    assert revoked.returncode == 69 and "no such file" in revoked.stderr
    assert not (tmp_path / "other.sqlite").exists() and not (tmp_path / "nowhere.sqlite").exists()


def test_a_report_that_cannot_be_written_is_said_before_the_run_and_a_device_stays_one(dunlin_command, tmp_path):
    (tmp_path / "script.yml").write_text(
        "config: {target: 'http://127.0.0.1:1', phases: [{duration: 1, arrivalCount: 1}]}\n"
        "scenarios: [{engine: socketio, flow: [{emit: {channel: hello}}]}]\n"
    )
    refused = run(dunlin_command, "run", "script.yml", "-o", "nowhere/report.json", folder=tmp_path)
    assert refused.returncode == 73 and re.fullmatch(r"dunlin: cannot write nowhere/report.json: there is no directory .*\n", refused.stderr)
    assert refused.stdout == "", "nothing ran"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        finished = run(dunlin_command, "run", "script.yml", "-q", "-o", "pipe", folder=tmp_path)
        assert finished.returncode == 3, finished.stderr
        assert os.read(reader, 1).startswith(b"{")
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    finally:
        os.close(reader)


@pytest.mark.parametrize(("words", "command"), [("serv", "serve"), ("token crate", "token create"), ("imort x", "import")])
def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(dunlin_command, tmp_path, words, command):
    finished = run(dunlin_command, *words.split(), folder=tmp_path)
    assert finished.returncode == 64
    assert finished.stderr.count("\n") == 1 and f"did you mean 'dunlin {command}'?" in finished.stderr


def test_an_option_comes_from_the_environment_and_the_flag_wins(dunlin, tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "DUNLIN_DATABASE": "sqlite:environment.sqlite", "DUNLIN_PORT": "1"}
    dunlin(environment=environment)  # with --port 0, which wins over port 1
    assert (tmp_path / "environment.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["serve", "--no-such-option"], 64, id="an unknown option"),
        pytest.param(["serve", "--port", "many"], 64, id="a port that is no number"),
        pytest.param(["serve", "--port", "70000"], 64, id="a port out of range"),
        pytest.param(["serve", "--port", "0", "--database", "oracle:x"], 64, id="a database of an unknown kind"),
        pytest.param(["serve", "--port", "0", "--database", "sqlite:/no/such/folder/x.sqlite"], 69, id="a database out of reach"),
        pytest.param(["serve", "--port", "0", "--database", "postgres://u:p@localhost:1/x"], 69, id="PostgreSQL that is not there"),
        pytest.param(["serve", "--port", "0", "--tokens", "/no/such/file"], 66, id="a tokens file that is not there"),
        pytest.param(["serve", "--port", "0", "--redis", "redis://localhost:1/0"], 69, id="Redis, not there"),
        pytest.param(["nonsense"], 64, id="an unknown command"),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_status(dunlin_command, tmp_path, arguments, status):
    finished = run(dunlin_command, *arguments, folder=tmp_path)
    assert finished.returncode == status, finished.stderr
    assert "listening on" not in finished.stdout
    assert re.fullmatch(r"dunlin: \S.*\n", finished.stderr), "one line: " + finished.stderr


def test_a_taken_port_is_73(dunlin_command, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        finished = run(dunlin_command, "serve", "--port", port, "--database", "memory:", folder=tmp_path)
    assert finished.returncode == 73, finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1
    assert port in finished.stderr


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
@bounded(40)
async def test_a_signal_drains_and_exits_with_0(classroom, with_signal):
    classroom.start("--question-lead-in", "100")
    instructor = await SocketIO.connect(classroom.port, {"token": "instructor_token"})
    ann = await SocketIO.connect(classroom.port, {"token": "student1_token"})
    idle = await SocketIO.connect(classroom.port)
    await instructor.call("quiz:create_session", {"quizId": "quiz1", "sessionId": "test_drain"})
    await ann.call("quiz:join", {"sessionId": "test_drain"})
    await instructor.call("quiz:start", {"sessionId": "test_drain"})
    await ann.next("quiz:question")
    answered = await ann.call("quiz:answer", {"questionId": "q1", "answer": 1})
    assert answered["ok"] is True

    classroom.server.process.send_signal(with_signal)
    for client in (instructor, ann, idle):
        closed = await client.until_closed()
        assert closed.code == 1012, "clients are told that the service restarts"
    status = classroom.server.process.wait(5)
    assert status == 0, classroom.server.errors
    assert len(classroom.answers("test_drain")) == 1


def test_a_drain_does_not_wait_for_a_client_that_says_nothing(dunlin):
    server = dunlin("--database", "memory:")
    with closing(socket.create_connection(("127.0.0.1", server.port))) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        # Ends although the client is still there; the silent one would be closed after nine seconds at the latest.
        status, took = server.terminate()
    assert status == 0
    assert took < 28, "the drain's own deadline ended it"


@bounded(40)
async def test_a_token_is_printed_once_works_and_is_revoked(classroom, dunlin_command):
    classroom.start()
    database = ["--database", f"sqlite:{classroom.database}"]

    def token(*arguments):
        finished = run(dunlin_command, "token", *arguments, *database, folder=classroom.folder)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    created = token("create", "--user", "lee", "--username", "Lee", "--role", "instructor")
    assert len(created.splitlines()) == 1 and len(created) >= 32
    stored = json.dumps(classroom.rows("SELECT * FROM users WHERE id = 'lee'"))
    assert "Lee" in stored
    assert created.encode() not in classroom.database.read_bytes(), "only a hash of it is stored"

    lee = await SocketIO.connect(classroom.port, {"token": created})
    others = await lee.call("quiz:create_session", {"quizId": "quiz1"})
    assert others["error"]["code"] == "forbidden", "but not of a quiz that is somebody else's"
    classroom.execute("INSERT INTO quizzes (id, title, questions, created_by) VALUES ('anyone', 'Anyone', '[]', NULL)")
    session = await lee.call("quiz:create_session", {"quizId": "anyone"})
    assert session["ok"] is True, "an instructor may create sessions"

    token("revoke", created)
    with pytest.raises(ConnectionRefusedError, match="Invalid authentication token"):
        await SocketIO.connect(classroom.port, {"token": created})

    short = token("create", "--user", "lee", "--expires", "1s")
    await asyncio.sleep(1.1)  # to the command's clock there is no other way
    with pytest.raises(ConnectionRefusedError):
        await SocketIO.connect(classroom.port, {"token": short})


@bounded(40)
async def test_the_demo_has_quizzes_links_and_the_sessions_that_load_scripts_name(dunlin):
    server = dunlin("--demo", "--database", "memory:")
    links = [line for line in server.lines if "http://" in line]
    assert len(links) >= 3, f"a link a role, beside the listening line: {server.lines}"
    student = await SocketIO.connect(server.port, {"token": "test_token"})
    for session in [f"load-test-session-{number}" for number in range(1, 6)] + ["load_test_session"]:
        joined = await student.call("quiz:join", {"sessionId": session})
        assert joined["ok"] is True, (session, joined)
        assert joined["status"] == "active", "self-paced: it can be played at once"
    observer = await SocketIO.connect(server.port, {"token": "observer_token"})
    observing = await observer.call("quiz:observe", {"sessionId": "load_test_session"})
    assert observing["ok"] is True
