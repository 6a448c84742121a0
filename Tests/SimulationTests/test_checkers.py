"""Forged histories: the checkers accept a sound one, and notice each way in which it can be wrong."""

import dataclasses

import pytest

import checkers
from history import FAIL, OK, UNKNOWN, Attempt, Board, Heard, History, Message, Opened, Row, Said, Write

QUESTIONS = ["q1", "q2"]


def attempt(user="ann", question="q1", choice=1, outcome=OK, points=100, total=100, **more):
    result = dict(correct=points > 0, score=points, bonus=0, total=total) if outcome == OK else {}
    return Attempt("s", question, user, choice, more.pop("began", 1.0), outcome, more.pop("ended", 2.0), **(result | more))


def row(user="ann", question="q1", choice=1, points=100, at=1):
    return Row("s", question, user, choice, points > 0, points, 0, at)


def answers(attempts, rows):
    return checkers.check_answers(attempts, rows, QUESTIONS)


def test_sound_answers_pass():
    attempts = [
        attempt(outcome=UNKNOWN),
        attempt(is_duplicate=True, choice=3),
        attempt(question="q2", outcome=FAIL, refusal="rate_limited"),
        attempt(question="q2", choice=0, points=0, total=100),
        attempt("ben", outcome=UNKNOWN),
        attempt("cleo", outcome=UNKNOWN),
        attempt("dora", outcome=FAIL, refusal="closed"),
    ]
    rows = [row(), row(question="q2", choice=0, points=0, at=2), row("cleo")]
    assert answers(attempts, rows) == []


@pytest.mark.parametrize(
    ("fault", "attempts", "rows"),
    [
        ("is lost", [attempt()], []),
        ("is lost", [attempt(outcome=UNKNOWN), attempt(is_duplicate=True)], []),
        ("stored 2 times", [attempt()], [row(), row()]),
        ("stored 2 times", [attempt(outcome=UNKNOWN)], [row(), row()]),
        ("was refused and is stored", [attempt(outcome=FAIL)], [row()]),
        ("was refused and is stored", [attempt(outcome=FAIL), attempt(outcome=FAIL)], [row()]),
        ("nobody sent it", [], [row()]),
        ("nobody sent it", [attempt()], [row(), row("ben")]),
        ("as new more than once", [attempt(), attempt()], [row()]),
        ("in different ways", [attempt(), attempt(is_duplicate=True, points=90, total=90)], [row()]),
        ("in different ways", [attempt(), attempt(is_duplicate=True, total=200)], [row()]),
        ("other points", [attempt(points=90, total=90)], [row()]),
        ("other points", [attempt(bonus=5)], [row()]),
        ("which nobody sent", [attempt(choice=2)], [row(choice=1)]),
        ("which nobody sent", [attempt(choice=1, outcome=FAIL), attempt(choice=2, outcome=UNKNOWN)], [row(choice=1)]),
        ("is stored as 1", [attempt(choice=1, outcome=UNKNOWN), attempt(choice=2)], [row(choice=1)]),
        # An answer that was counted twice shows in the total of the next one.
        ("the total 300", [attempt(), attempt(question="q2", total=300)], [row(), row(question="q2", at=2)]),
        ("the total 100", [attempt(), attempt(question="q2", total=100)], [row(), row(question="q2", at=2)]),
    ],
)
def test_wrong_answers_are_noticed(fault, attempts, rows):
    assert any(fault in violation for violation in answers(attempts, rows))


@pytest.mark.parametrize("began", [0.5, 1.5, 2.5, 3.5])
@pytest.mark.parametrize("ended", [1.6, 2.6, 3.6])
@pytest.mark.parametrize("is_duplicate", [False, True])
def test_an_acknowledgement_before_the_commit_is_noticed_while_the_database_is_gone(began, ended, is_duplicate):
    early = attempt(began=began, ended=ended, is_duplicate=is_duplicate)
    is_within = 1 < began and ended < 3
    assert bool(checkers.check_silence([early], [(1.0, 3.0)])) == (is_within and not is_duplicate)
    assert checkers.check_silence([dataclasses.replace(early, outcome=UNKNOWN)], [(1.0, 3.0)]) == []


def said(client_id="ann-0", outcome=OK, sequence=1, user="ann", text="hello"):
    return Said("room", user, client_id, text, 1.0, outcome, 2.0, sequence if outcome == OK else None)


def message(client_id="ann-0", sequence=1, user="ann", text="hello"):
    return Message("room", sequence, user, client_id, text)


def heard(sequence, way="live", connection=1, text="hello", user="ann"):
    return Heard("ben", connection, "room", way, sequence, user, text)


SAID = [said(f"ann-{number}", sequence=number + 1) for number in range(4)]
STORED = [message(f"ann-{number}", number + 1) for number in range(4)]


@pytest.mark.parametrize(
    "log",
    [
        [],
        [heard(1), heard(2), heard(3)],
        [heard(1, "history"), heard(2, "history"), heard(3), heard(4)],
        # What was said while somebody joined is in both; it may come before the answer to the join.
        [heard(2), heard(1, "history"), heard(2, "history"), heard(3)],
        [heard(1), heard(2), heard(2, "history", 2), heard(3, "history", 2), heard(4, connection=2)],
    ],
)
def test_sound_logs_pass(log):
    assert checkers.check_chat([*SAID, said("ann-9", UNKNOWN), said("ann-8", FAIL)], log, STORED) == []


@pytest.mark.parametrize(
    ("fault", "log"),
    [
        ("not gap-free", [heard(1), heard(3)]),
        ("not gap-free", [heard(1), heard(3), heard(2)]),
        ("not gap-free", [heard(1), heard(2), heard(2)]),
        ("not gap-free", [heard(1, "history"), heard(3, "history")]),
        ("messages 1 to 1 are missing", [heard(2), heard(3)]),
        ("messages 3 to 3 are missing", [heard(1, "history"), heard(2, "history"), heard(4)]),
        ("not the one that is stored", [heard(1, text="good bye")]),
        ("not the one that is stored", [heard(1, user="cleo")]),
        ("not the one that is stored", [heard(1), heard(2), heard(3), heard(4), heard(5)]),
    ],
)
def test_wrong_logs_are_noticed(fault, log):
    assert any(fault in violation for violation in checkers.check_chat(SAID, log, STORED))


@pytest.mark.parametrize(
    ("fault", "tries", "stored"),
    [
        ("is lost", [said()], []),
        ("stored 2 times", [said(outcome=UNKNOWN), said()], [message(), message(sequence=2)]),
        ("was refused and is stored", [said(outcome=FAIL)], [message()]),
        ("nobody sent it", [], [message()]),
        ("another text", [said()], [message(text="good bye")]),
        ("another sequence", [said(sequence=2)], [message()]),
        ("gaps or repetitions", [said(), said("ann-1", sequence=3)], [message(), message("ann-1", 3)]),
        ("gaps or repetitions", [said(), said("ann-1", sequence=1)], [message(), message("ann-1", 1)]),
        ("before an earlier one", [said(sequence=2), said("ann-1", sequence=1)], [message(sequence=2), message("ann-1", 1)]),
    ],
)
def test_wrong_messages_are_noticed(fault, tries, stored):
    assert any(fault in violation for violation in checkers.check_chat(tries, [], stored))


PLAYERS = {"s": ["ann", "ben"]}
ROWS = [row(), row("ben", points=0, choice=0), row(question="q2", at=2)]


def board(version, *rows, final=False, listener="ann", connection=1):
    return Board(listener, connection, "s", version, final, rows)


FIRST, SECOND = (("ann", 100, 1), ("ben", 0, 0)), (("ann", 200, 2), ("ben", 0, 0))


def test_sound_boards_pass():
    boards = [board(1, *FIRST), board(3, *SECOND), board(1, *FIRST, listener="ben"), board(4, *SECOND, final=True)]
    assert checkers.check_boards(boards, ROWS, PLAYERS) == []


@pytest.mark.parametrize(
    ("fault", "boards"),
    [
        ("went back", [board(3, *SECOND), board(1, *FIRST)]),
        ("two boards", [board(1, *FIRST), board(1, *SECOND, listener="ben")]),
        ("no fold", [board(1, ("ann", 300, 3), ("ben", 0, 0))]),
        ("no fold", [board(1, ("ann", 100, 0), ("ben", 0, 0))]),
        ("no fold", [board(1, ("cleo", 0, 0))]),
        ("takes points away", [board(1, *SECOND), board(3, *FIRST)]),
        ("order of their points", [board(1, ("ben", 0, 0), ("ann", 100, 1))]),
        ("not the fold over all", [board(1, *FIRST, final=True)]),
    ],
)
def test_wrong_boards_are_noticed(fault, boards):
    assert any(fault in violation for violation in checkers.check_boards(boards, ROWS, PLAYERS))


@pytest.mark.parametrize(
    ("fault", "writes", "opened"),
    [
        ("", [Write("s", 1, "node0.1"), Write("s", 1, "node0.1"), Write("s", 2, "node1.1"), Write("t", 1, "node1.1")], []),
        ("", [], [Opened("ann", "s", "q1", 5), Opened("ben", "s", "q1", 5), Opened("ben", "s", "q2", 9)]),
        ("2 owners in epoch 1", [Write("s", 1, "node0.1"), Write("s", 1, "node1.1")], []),
        # The same server after a restart is another owner.
        ("2 owners in epoch 1", [Write("s", 1, "node0.1"), Write("s", 1, "node0.2")], []),
        ("went back", [Write("s", 2, "node1.1"), Write("s", 1, "node0.1")], []),
        ("2 deadlines", [], [Opened("ann", "s", "q1", 5), Opened("ben", "s", "q1", 6)]),
    ],
)
def test_two_owners_are_noticed(fault, writes, opened):
    violations = checkers.check_owners(writes, opened)
    assert any(fault in violation for violation in violations) if fault else violations == []


def test_the_verdict_asks_every_checker():
    history = History()
    assert checkers.check(history, QUESTIONS, PLAYERS) == []
    history.attempts, history.outages = [attempt()], [(0.0, 9.0)]
    history.said, history.heard = [said()], [heard(7)]
    history.boards, history.writes = [board(1, *FIRST)], [Write("s", 2, "a"), Write("s", 1, "b")]
    text = "\n".join(checkers.check(history, QUESTIONS, PLAYERS))
    for fault in ("is lost", "database was gone", "acknowledged and is lost", "not the one", "no fold", "went back"):
        assert fault in text


def test_a_history_is_kept_one_object_a_line(tmp_path):
    history = History()
    history.attempts, history.rows, history.outages = [attempt()], [row()], [(1.0, 2.0)]
    history.save(tmp_path / "history")
    lines = (tmp_path / "history").read_text("utf-8").splitlines()
    assert len(lines) == 3 and '"kind": "Attempt"' in lines[0] and '"kind": "Row"' in lines[1] and '"kind": "Outage"' in lines[2]
