"""One classroom of real processes: PostgreSQL, Redis and servers, with a `Link` on every way between them and to their clients."""

import asyncio
import json
import os
import re
import signal
import time

import requests

import sabotage
from classroom_data import INSTRUCTOR
from history import Message, Row, Write
from link import Link
from postgres import Postgres, literal
from redis_process import RedisProcess, free_port
from server_process import ServerProcess, binary

# The exit status of a server that could not reach its database or Redis, and how often it is started then.
UNAVAILABLE = 69
STARTS = 5

# Records which server wrote to a session's row in which epoch, in the transaction of the write itself: a fault loses both or none.
AUDIT = """
create table audit_writes (position bigserial primary key, session_id text, epoch integer, writer text);
create function audit_write() returns trigger language plpgsql as $$
begin
    insert into audit_writes (session_id, epoch, writer) values (new.id, new.epoch, current_setting('application_name'));
    return new;
end $$;
create trigger audit_sessions after update on quiz_sessions for each row execute function audit_write();
"""


class Node:
    """One server, restarted on the same port. Its clients, its database and its Redis are reached through links of its own."""

    def __init__(self, name, folder, tokens):
        self.name, self.folder, self.tokens = name, folder, tokens
        self.own_port = free_port()
        self.starts = 0
        self.process = None
        self.ended = []

    async def prepare(self, postgres, redis):
        self.database_folder = self.folder / f"{self.name}-db"
        self.database_folder.mkdir()
        self.clients = await Link(self.own_port).listen()
        self.database = await Link(f"{postgres.folder}/.s.PGSQL.5432").listen(f"{self.database_folder}/.s.PGSQL.5432")
        self.redis = await Link(redis.port).listen() if redis else None

    async def start(self):
        self.starts += 1
        database = f"postgres://postgres@/postgres?host={self.database_folder}&application_name={self.name}.{self.starts}"
        command = [binary("DUNLIN_BINARY", "dunlin"), "serve", "--port", self.own_port, "--database", database]
        command += ["--tokens", self.tokens, "--question-lead-in", "300"]
        if self.redis:
            command += ["--redis", f"redis://127.0.0.1:{self.redis.port}"]
        if self.process:
            self.ended.append(self.process)
        for attempt in range(STARTS):
            self.process = ServerProcess(command, self.folder)
            try:
                return await asyncio.to_thread(self.process.wait_until_listening)
            except AssertionError:
                # A busy machine may keep the database from answering in time: whoever watches the server starts it again.
                if attempt == STARTS - 1 or self.process.process.returncode != UNAVAILABLE:
                    raise

    @property
    def url(self):
        return f"http://127.0.0.1:{self.own_port}"

    async def is_ready(self):
        try:
            return (await asyncio.to_thread(requests.get, f"{self.url}/readyz", timeout=5)).status_code == 200
        except requests.RequestException:
            return False

    async def active_users(self):
        text = (await asyncio.to_thread(requests.get, f"{self.url}/metrics", timeout=120)).text
        return int(float(re.search(r"^dunlin_active_users (\S+)$", text, re.MULTILINE).group(1)))

    async def kill(self):
        await asyncio.to_thread(self.process.kill)

    async def terminate(self):
        """SIGTERM; returns the seconds that the drain took."""
        status, seconds = await asyncio.to_thread(self.process.terminate)
        assert status == 0, f"{self.name} ended with {status}: {self.process.errors[-2_000:]}"
        return seconds

    def stop(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    async def end(self):
        if self.process:
            await self.kill()
            for process in [*self.ended, self.process]:
                process.assert_no_crash()
        for link in filter(None, (self.clients, self.database, self.redis)):
            await link.close()


class Cluster:
    """`nodes` servers, for users whose tokens are `token-USER`; the instructor's is `token-instructor1`."""

    def __init__(self, folder, nodes, users, questions, has_redis=True, sabotage=None):
        self.folder, self.questions, self.has_redis, self.sabotage = folder, questions, has_redis, sabotage
        tokens = folder / "tokens.json"
        people = {f"token-{user}": {"id": user, "username": user, "role": "student"} for user in users}
        teacher, name, _, role, permissions = INSTRUCTOR
        people[f"token-{teacher}"] = {"id": teacher, "username": name, "role": role, "permissions": permissions}
        tokens.write_text(json.dumps(people), "utf-8")
        self.nodes = [Node(f"node{number}", folder, tokens) for number in range(nodes)]
        self.postgres = self.redis = None

    async def __aenter__(self):
        self.postgres = await asyncio.to_thread(Postgres, self.folder / "pg")
        self.redis = RedisProcess(self.folder) if self.has_redis else None
        for node in self.nodes:
            await node.prepare(self.postgres, self.redis)
        for node in self.nodes:
            await node.start()
        quiz = f"'quiz', 'Quiz', {literal(json.dumps(self.questions))}, '{INSTRUCTOR[0]}'"
        await self.execute(f"{AUDIT} insert into quizzes (id, title, questions, created_by) values ({quiz})")
        for statement in sabotage.statements(self.sabotage):
            await self.execute(statement)
        return self

    async def __aexit__(self, *_):
        for node in self.nodes:
            await node.end()
        if self.redis:
            self.redis.kill()
        await asyncio.to_thread(self.postgres.end)

    async def execute(self, statement):
        await asyncio.to_thread(self.postgres.execute, statement)

    async def rows(self, query):
        return await asyncio.to_thread(self.postgres.rows, query)

    async def until_ready(self, seconds=120):
        """Until every server says that it is; returns the moment."""
        deadline = time.monotonic() + seconds
        for node in self.nodes:
            while not await node.is_ready():
                assert time.monotonic() < deadline, f"{node.name} does not get ready: {node.process.errors[-2_000:]}"
                await asyncio.sleep(0.05)
        return time.monotonic()

    async def owner(self):
        """The server that wrote to a session's row last: it runs that session."""
        found = await self.rows("select writer from audit_writes order by position desc limit 1")
        name = found[0]["writer"].split(".")[0]
        return next(node for node in self.nodes if node.name == name)

    async def read(self, history, sessions, room):
        """Adds to a history what is stored of these sessions and this chat room."""
        for row in await self.rows("select * from quiz_answers order by answered_at"):
            if row["session_id"] in sessions:
                history.rows.append(
                    Row(row["session_id"], row["question_id"], row["user_id"], int(row["answer"]), row["correct"], row["score"],
                        row["time_bonus"], row["answered_at"])
                )  # fmt: skip
        for row in await self.rows(f"select * from chat_messages where room_id = {literal(room)} order by sequence"):
            history.messages.append(Message(row["room_id"], row["sequence"], row["user_id"], row["client_id"], row["content"]))
        for row in await self.rows("select * from audit_writes order by position"):
            if row["session_id"] in sessions:
                history.writes.append(Write(row["session_id"], row["epoch"], row["writer"]))
