"""Users, tokens and a quiz, brought in the way the integration tests of the classroom do it: by SQL, beside a running server."""

import json
import sqlite3
from contextlib import closing

from postgres import Postgres, literal

INSTRUCTOR = ("instructor1", "teacher1", "teacher1@test.com", "instructor", ["quiz:create", "quiz:manage"])
STUDENTS = [
    ("user1", "student1", "student1@test.com", "student", ["quiz:participate"]),
    ("user2", "student2", "student2@test.com", "student", ["quiz:participate"]),
]
QUESTIONS = [
    {"id": "q1", "question": "What is 2 + 2?", "options": ["3", "4", "5", "6"], "correctAnswer": 1},
    {
        "id": "q2",
        "question": "What is the capital of France?",
        "options": ["London", "Berlin", "Paris", "Madrid"],
        "correctAnswer": 2,
    },
]


def crowd_token(number):
    return f"crowd-token-{number}"


class Classroom:
    """A `dunlin serve` on a SQLite file, restartable on the same data."""

    @property
    def database_url(self):
        return f"sqlite:{self.database}"

    def __init__(self, dunlin, folder, crowd=0):
        self._dunlin = dunlin
        self.folder = folder
        self.database = folder / "classroom.sqlite"
        self.tokens = folder / "tokens.json"
        self.server = None
        self.crowd = crowd

    def start(self, *options, crowd=0, port=0, **more):
        """`crowd` more students, given as objects in the tokens file; the two of the document are named by their id."""
        tokens = {"instructor_token": INSTRUCTOR[0], "student1_token": "user1", "student2_token": "user2"}
        for number in range(crowd):
            tokens[crowd_token(number)] = {
                "id": f"crowd{number}",
                "username": f"pupil{number}",
                "role": "student",
                "permissions": ["quiz:participate"],
            }
        self.tokens.write_text(json.dumps(tokens), "utf-8")
        self.options = ("--database", self.database_url, "--tokens", self.tokens, *options)
        self.server = self._dunlin(*self.options, port=port, **more)
        self._insert()
        return self

    def restart(self):
        """Starts it again on the same data and the same port, after a `kill` or a `terminate`."""
        self.server = self._dunlin(*self.options, port=self.server.port)
        return self

    def start_another(self):
        """One more on the same data, on a port of its own."""
        return self._dunlin(*self.options)

    @property
    def url(self):
        return self.server.url

    @property
    def port(self):
        return self.server.port

    def _insert(self):
        with closing(self.connect()) as database, database:
            for identifier, name, email, role, permissions in [*STUDENTS, INSTRUCTOR]:
                database.execute(
                    "INSERT INTO users (id, username, email, role, permissions) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (id) DO NOTHING",
                    (identifier, name, email, role, json.dumps(permissions)),
                )
            database.execute(
                "INSERT INTO quizzes (id, title, questions, created_by) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                ("quiz1", "Integration Test Quiz", json.dumps(QUESTIONS), INSTRUCTOR[0]),
            )

    def connect(self):
        return sqlite3.connect(self.database, timeout=10)

    def execute(self, statement, *arguments):
        with closing(self.connect()) as database, database:
            database.execute(statement, arguments)

    def rows(self, query, *arguments):
        """The rows of a query, each as a dictionary."""
        with closing(self.connect()) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, arguments)]

    def answers(self, session):
        return self.rows("SELECT * FROM quiz_answers WHERE session_id = ?", session)

    def scores(self, session):
        """The truth about a session: points by user, a fold over the stored answers."""
        totals = {}
        for row in self.answers(session):
            totals[row["user_id"]] = totals.get(row["user_id"], 0) + row["score"] + row["time_bonus"]
        return totals


class PostgresClassroom(Classroom):
    """The same on a PostgreSQL server of its own."""

    def __init__(self, dunlin, folder, crowd=0):
        super().__init__(dunlin, folder, crowd)
        self.postgres = Postgres(folder / "pg")

    @property
    def database_url(self):
        return self.postgres.url

    def end(self):
        self.postgres.end()

    def _insert(self):
        people = ", ".join(
            f"({', '.join(map(literal, (identifier, name, email, role, json.dumps(permissions))))})"
            for identifier, name, email, role, permissions in [*STUDENTS, INSTRUCTOR]
        )
        self.postgres.execute(
            f"INSERT INTO users (id, username, email, role, permissions) VALUES {people} ON CONFLICT (id) DO NOTHING;"
            " INSERT INTO quizzes (id, title, questions, created_by) VALUES"
            f" ('quiz1', 'Integration Test Quiz', {literal(json.dumps(QUESTIONS))}, '{INSTRUCTOR[0]}') ON CONFLICT (id) DO NOTHING"
        )

    def answers(self, session):
        return self.postgres.rows(f"SELECT * FROM quiz_answers WHERE session_id = {literal(session)}")
