"""`dunlin import`: quiz files as people have them, with bad bytes and bad records in between."""

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

# Good ones: a plain record, a question over two lines, two choices, five choices. Bad ones say what is wrong with them.
FIXTURE = b"""^ An answer without a question
A One

#Q Which of these birds is a wader?
^ Dunlin
A Wren
B Dunlin
C Robin

#Q Is a dunlin
a bird?
^ True
A True
B False

#Q No choice equals the answer.
^ Curlew
A Knot
B Ruff

#Q How many toes has a sanderling?
^ Three
A One
B Two
C Three
D Four
E Five

#Q A name in Latin-1: caf\xe9
^ Yes
A Yes
B No
"""


def run_import(command, folder, file, *arguments):
    return subprocess.run(
        [command, "import", file, "--format", "opentriviaqa", "--database", "sqlite:import.sqlite", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def stored_quizzes(folder):
    with closing(sqlite3.connect(folder / "import.sqlite")) as database:
        return [(title, json.loads(questions)) for title, questions in database.execute("SELECT title, questions FROM quizzes")]


def is_playable(question):
    choices = question["options"]
    return question["question"].strip() and len(choices) >= 2 and 0 <= question["correctAnswer"] < len(choices)


def test_good_records_are_loaded_and_bad_ones_reported_with_their_line(dunlin_command, tmp_path):
    file = tmp_path / "birds"
    file.write_bytes(FIXTURE)
    finished = run_import(dunlin_command, tmp_path, file, "--title", "Birds")
    assert finished.returncode == 0, finished.stderr
    ((title, questions),) = stored_quizzes(tmp_path)
    assert title == "Birds"
    asked = [question["question"] for question in questions]
    assert "Which of these birds is a wader?" in asked
    assert any(re.fullmatch(r"Is a dunlin\s+a bird\?", question) for question in asked)
    assert not any("Curlew" in json.dumps(question) for question in questions)
    assert all(is_playable(question) for question in questions)
    wader = next(question for question in questions if "wader" in question["question"])
    assert wader["options"][wader["correctAnswer"]] == "Dunlin"
    toes = next(question for question in questions if "toes" in question["question"])
    assert len(toes["options"]) == 5 and toes["options"][toes["correctAnswer"]] == "Three"

    output = finished.stdout + finished.stderr
    for lines in ("1|2", "16|17", "29"):  # no question; no choice equals the answer; bytes that are not UTF-8
        assert re.search(rf":({lines}):", output), output
    assert str(len(questions)) in output, "the counts are printed"


def test_a_file_that_is_not_there_is_one_line_and_a_failure(dunlin_command, tmp_path):
    finished = run_import(dunlin_command, tmp_path, "nowhere")
    assert finished.returncode not in (0, None)
    assert len(finished.stderr.strip().splitlines()) == 1


def real_data():
    folder = os.environ.get("DUNLIN_OPENTRIVIAQA")
    return sorted(file for file in Path(folder).iterdir() if file.name != "LICENSE") if folder else []


def test_thousands_of_real_questions(dunlin_command, tmp_path):
    files = real_data()
    if not files:
        pytest.skip("DUNLIN_OPENTRIVIAQA names no folder of OpenTriviaQA's files")
    for file in files:
        blocks = file.read_bytes().count(b"#Q ")
        finished = run_import(dunlin_command, tmp_path, file)
        assert finished.returncode == 0, finished.stderr
        loaded = sum(len(questions) for _, questions in stored_quizzes(tmp_path))
        assert 0.9 * blocks <= loaded <= blocks, f"{file.name}: {loaded} of {blocks}"
        assert all(is_playable(question) for _, questions in stored_quizzes(tmp_path) for question in questions)
        (tmp_path / "import.sqlite").unlink()
        for rest in tmp_path.glob("import.sqlite-*"):
            rest.unlink()


def test_a_file_of_which_every_record_is_bad_is_answered_line_by_line(dunlin_command, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"#Q One?\n^ C\nA A\nB B\n\n#Q Two?\nA A\nB B\n")
    finished = run_import(dunlin_command, tmp_path, "bad.txt")
    assert finished.returncode == 65
    assert finished.stderr.splitlines()[:2] == [
        "bad.txt:1: no choice equals the correct answer",
        "bad.txt:6: no correct answer",
    ]
    assert "all 2 records were rejected" in finished.stderr.splitlines()[2]
