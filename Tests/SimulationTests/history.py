"""The history of a run, as values: each request with its outcome, and everything that clients were told."""

import dataclasses
import json

OK, FAIL, UNKNOWN = "ok", "fail", "unknown"


@dataclasses.dataclass
class Attempt:
    """A player sends an answer. Its outcome is unknown until the server acknowledges or refuses it."""

    session: str
    question: str
    user: str
    choice: int
    began: float
    outcome: str = UNKNOWN
    ended: float | None = None
    # Set by an acknowledgement.
    correct: bool | None = None
    score: int | None = None
    bonus: int | None = None
    total: int | None = None
    is_duplicate: bool = False
    refusal: str | None = None


@dataclasses.dataclass
class Said:
    """Somebody sends a chat message. A retry has the same `client_id`, and is the same message."""

    room: str
    user: str
    client_id: str
    text: str
    began: float
    outcome: str = UNKNOWN
    ended: float | None = None
    sequence: int | None = None
    refusal: str | None = None


@dataclasses.dataclass(frozen=True)
class Heard:
    """A chat message as a connection got it, `live` or in the `history` that came with joining."""

    listener: str
    connection: int
    room: str
    way: str
    sequence: int
    user: str
    text: str


@dataclasses.dataclass(frozen=True)
class Board:
    """A leaderboard as a connection got it; `rows` are (user, score, correct answers)."""

    listener: str
    connection: int
    session: str
    version: int
    is_final: bool
    rows: tuple


@dataclasses.dataclass(frozen=True)
class Opened:
    """A question as a client was told of it."""

    listener: str
    session: str
    question: str
    deadline: int


@dataclasses.dataclass(frozen=True)
class Row:
    """An answer that is stored."""

    session: str
    question: str
    user: str
    choice: int
    correct: bool
    score: int
    bonus: int
    answered_at: int

    @property
    def points(self):
        return self.score + self.bonus


@dataclasses.dataclass(frozen=True)
class Message:
    """A chat message that is stored."""

    room: str
    sequence: int
    user: str
    client_id: str
    text: str


@dataclasses.dataclass(frozen=True)
class Write:
    """A server wrote to a session's row, in this epoch. `writer` names one start of one server."""

    session: str
    epoch: int
    writer: str


@dataclasses.dataclass(frozen=True)
class Closing:
    """A client's connection ended; `code` is that of the server's close frame, if there was one."""

    listener: str
    node: str
    code: int | None


@dataclasses.dataclass
class Fault:
    """A fault that was injected, and when it was healed: what was killed listens again, what was stopped goes on."""

    name: str
    began: float
    healed: float | None = None


class History:
    """Everything that a run has recorded so far."""

    def __init__(self):
        self.attempts: list[Attempt] = []
        self.said: list[Said] = []
        self.heard: list[Heard] = []
        self.boards: list[Board] = []
        self.opened: set[Opened] = set()
        self.closings: list[Closing] = []
        self.faults: list[Fault] = []
        # The seconds that each drain took.
        self.drains: list[float] = []
        # From the moment on at which the database is surely gone, to the one at which it is started again.
        self.outages: list[tuple[float, float]] = []
        self.rows: list[Row] = []
        self.messages: list[Message] = []
        self.writes: list[Write] = []

    @property
    def acknowledged(self):
        return sum(attempt.outcome == OK for attempt in self.attempts)

    def recovery(self, fault):
        """The seconds from a fault's end to the next acknowledgement of a request that began after the fault. None if there is none."""
        times = [e.ended for e in [*self.attempts, *self.said] if e.outcome == OK and e.began > fault.began and e.ended > fault.healed]
        return min(times) - fault.healed if times else None

    def save(self, path):
        """One JSON object a line."""
        seen = (self.attempts, self.said, self.heard, self.boards, self.opened, self.closings)
        parts = (*seen, self.faults, self.rows, self.messages, self.writes)
        with path.open("w", encoding="utf-8") as file:
            for part in parts:
                for entry in part:
                    file.write(json.dumps({"kind": type(entry).__name__, **dataclasses.asdict(entry)}) + "\n")
            for began, ended in self.outages:
                file.write(json.dumps({"kind": "Outage", "began": began, "ended": ended}) + "\n")
