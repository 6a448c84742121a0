#!/usr/bin/env python3
"""How long an answer takes when a whole class answers within one second, on SQLite and on PostgreSQL, each answer synced before it is acknowledged.

    Benchmarks/answer_burst.py --dunlin .build/release/dunlin [--players 2000,5000] [--databases sqlite,postgres]

For each database and size it prints the percentiles of the time from sending an answer to its acknowledgement, as `dunlin run` measures
it on the same machine; how many answers shared a commit; and how many commits there were in a second. The exit status is 1 if an
acknowledged answer is not stored, or stored twice.
"""

import argparse
import asyncio
import json
import pathlib
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests" / "Support"))

from postgres import Postgres  # noqa: E402
from server_process import ServerProcess  # noqa: E402
from wire import SocketIO  # noqa: E402

SESSION = "burst"
QUESTIONS = [{"id": "q1", "question": "What is 2 + 2?", "options": ["3", "4", "5", "6"], "correctAnswer": 1}]
SCRIPT = """
config:
  target: {target}
  timeout: 600
  phases: [{{duration: {ramp}, arrivalCount: {players}}}]
  payload: {{path: players.csv, fields: [token], order: sequence}}
  engines: {{socketio: {{transports: ['websocket']}}}}
scenarios:
  - engine: socketio
    flow:
      - emit: {{channel: "quiz:join", data: {{sessionId: {session}, token: "{{{{ token }}}}"}}}}
        response: {{channel: "quiz:question"}}
        timeout: 600
      - think: "{{{{ $randomInt(0, 1000) / 1000 }}}}"
      - emit: {{channel: "quiz:answer", data: {{questionId: q1, answer: 1, sessionId: {session}}}}}
        acknowledge: {{match: {{json: $.0.ok, value: true}}}}
"""


class SQLite:
    def __init__(self, folder):
        self._path = folder / "classroom.sqlite"
        self.url = f"sqlite:{self._path}"

    def execute(self, statement):
        with sqlite3.connect(self._path, timeout=30) as database:
            database.executescript(statement)

    def users(self):
        with sqlite3.connect(self._path, timeout=30) as database:
            return [user for (user,) in database.execute(f"select user_id from quiz_answers where session_id = '{SESSION}'")]

    def end(self):
        pass


class PostgreSQL:
    def __init__(self, folder):
        self._server = Postgres(folder / "pg")
        self.url = self._server.url
        self.execute = self._server.execute

    def users(self):
        return [row["user_id"] for row in self._server.rows(f"select user_id from quiz_answers where session_id = '{SESSION}'")]

    def end(self):
        self._server.end()


def metrics(server):
    """The server's metrics without labels, and the buckets of the batches."""
    text = urllib.request.urlopen(f"{server.url}/metrics", timeout=30).read().decode()
    values = {name: float(value) for name, value in re.findall(r"^(\w+) ([0-9.e+-]+)$", text, re.MULTILINE)}
    buckets = re.findall(r'^dunlin_commit_batch_size_bucket\{le="([^"]+)"\} ([0-9.e+-]+)$', text, re.MULTILINE)
    return values, {bound: float(count) for bound, count in buckets}


async def play(server, generator, players):
    """Starts the session when everybody has joined; returns when everybody has answered, with the time from the question on."""
    host = await SocketIO.connect(server.port, {"token": "instructor_token"})
    while metrics(server)[0].get("dunlin_players", 0) < players:
        assert generator.poll() is None, "the players are gone"
        await asyncio.sleep(0.5)
    before = metrics(server)
    assert (await host.call("quiz:start", {"sessionId": SESSION}))["ok"]
    began = time.monotonic() + 1
    while metrics(server)[0].get("dunlin_answers_stored_total", 0) < players:
        assert time.monotonic() - began < 120, "not everybody could answer"
        await asyncio.sleep(0.05)
    return before, metrics(server), time.monotonic() - began


async def measure(dunlin, kind, players, folder):
    database = {"sqlite": SQLite, "postgres": PostgreSQL}[kind](folder)
    tokens = {"instructor_token": {"id": "teacher", "role": "instructor"}}
    for number in range(players):
        tokens[f"token-{number}"] = {"id": f"user{number}", "username": f"user{number}", "role": "student"}
    (folder / "tokens.json").write_text(json.dumps(tokens))
    (folder / "players.csv").write_text("".join(f"token-{number}\n" for number in range(players)))
    options = ["--database", database.url, "--tokens", folder / "tokens.json", "--question-duration", "120000"]
    server = ServerProcess([dunlin, "serve", "--port", "0", *options], folder).wait_until_listening()
    generator = None
    try:
        database.execute(
            "insert into quizzes (id, title, questions, created_by) values"
            f" ('burst', 'Burst', '{json.dumps(QUESTIONS)}', 'teacher')"
        )
        host = await SocketIO.connect(server.port, {"token": "instructor_token"})
        created = await host.call("quiz:create_session", {"quizId": "burst", "sessionId": SESSION})
        assert created["ok"], created
        (folder / "burst.yml").write_text(
            SCRIPT.format(target=server.url, players=players, session=SESSION, ramp=max(2, players // 250))
        )
        generator = subprocess.Popen(
            [dunlin, "run", "burst.yml", "-o", "run.json", "-q"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        (before, _), (after, buckets), seconds = await play(server, generator, players)
        generator.wait(600)
        summary = json.loads((folder / "run.json").read_text())["aggregate"]["summaries"]["socketio.response_time.quiz:answer"]
        stored = database.users()
        assert len(stored) == len(set(stored)) == players == summary["count"], f"{len(stored)} stored, {summary['count']} acknowledged"
        commits = after["dunlin_commits_total"] - before["dunlin_commits_total"]
        writes = after["dunlin_committed_writes_total"] - before["dunlin_committed_writes_total"]
        times = "  ".join(f"{name} {summary[name]:6.1f}" for name in ("p50", "p95", "p99", "max"))
        print(
            f"{kind:9} {players:6}  {times} ms   {writes / commits:6.1f} writes a commit, {after['dunlin_largest_commit_batch']:.0f} at most,"
            f" {commits / seconds:6.1f} commits/s",
            flush=True,
        )
        print("          batches:", "  ".join(f"≤{bound}: {count:.0f}" for bound, count in buckets.items()), flush=True)
    finally:
        if generator and generator.poll() is None:
            generator.kill()
        server.kill()
        database.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=".build/release/dunlin", type=pathlib.Path)
    parser.add_argument("--players", default="2000,5000")
    parser.add_argument("--databases", default="sqlite,postgres")
    options = parser.parse_args()
    # Each player has a descriptor here and one in the server.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for players in map(int, options.players.split(",")):
        for kind in options.databases.split(","):
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(measure(options.dunlin.resolve(), kind, players, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
