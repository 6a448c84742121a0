"""The pages in Chromium, host and players in tabs of their own, against the real server."""

import subprocess
import sys
from pathlib import Path


def test_a_quiz_is_played_in_the_browser(classroom, chromium, tmp_path):
    classroom.start("--question-lead-in", "300")
    script = Path(__file__).with_name("play_quiz.py")
    command = [sys.executable, script, "--base-url", classroom.url, "--host-token", "instructor_token", "--chromium", chromium]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    sessions = classroom.rows("SELECT id, status FROM quiz_sessions")
    assert [session["status"] for session in sessions] == ["ended", "ended"]
    for session in sessions:
        assert classroom.answers(session["id"]), "what was answered on the screen is in the database"
