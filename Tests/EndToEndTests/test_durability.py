"""The database is synced to disk before the result of an answer is written to the socket: seen from the kernel's side."""

import re
import shutil

import pytest

from asynchronous import bounded
from classroom_data import crowd_token
from server_process import ServerProcess
from wire import SocketIO

_RECEIVED = re.compile(r"\b(read|recvfrom|recvmsg)\b.*quiz:answer\\\"")
_SYNCED = re.compile(r"(fsync|fdatasync)(\(| resumed>).*= 0$")
_SENT = re.compile(r"\b(write|writev|sendto|sendmsg)\(.*quiz:answer:result")


def tracing_is_permitted(folder):
    probe = ServerProcess(["strace", "-o", folder / "probe", "true"], folder)
    return probe.process.wait(10) == 0


@bounded(60)
async def test_an_answer_is_synced_before_its_result_is_written(classroom, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if not tracing_is_permitted(tmp_path):
        pytest.skip("this machine does not permit ptrace")
    trace = tmp_path / "trace"
    calls = "trace=read,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync"
    # -D: the server itself is our child and the tracer stands aside, so that it is ended by its own process id.
    strace = ["strace", "-D", "-f", "-y", "-s", "600", "-e", calls, "-o", trace]
    classroom.start("--question-lead-in", "100", crowd=1, wrapper=strace)

    instructor = await SocketIO.connect(classroom.port, {"token": "instructor_token"})
    created = await instructor.call("quiz:create_session", {"quizId": "quiz1", "sessionId": "test_sync"})
    assert created["ok"] is True
    player = await SocketIO.connect(classroom.port, {"token": crowd_token(0)})
    await player.call("quiz:join", {"sessionId": "test_sync"})
    await instructor.call("quiz:start", {"sessionId": "test_sync"})
    await player.next("quiz:question")
    player.emit("quiz:answer", {"questionId": "q1", "answer": 1})
    result = await player.next("quiz:answer:result")
    assert result["correct"] is True
    classroom.server.kill()

    lines = trace.read_text("utf-8", "replace").splitlines()
    received = next(index for index, line in enumerate(lines) if _RECEIVED.search(line))
    sent = next(index for index, line in enumerate(lines) if _SENT.search(line))
    synced = [index for index, line in enumerate(lines) if _SYNCED.search(line) and received < index < sent]
    assert received < sent
    assert synced, "between the answer and its result nothing was synced:\n" + "\n".join(lines[received : sent + 1])
    files = [line for line in lines[received:sent] if re.search(r"f(data)?sync\(\d+<.*classroom\.sqlite", line)]
    assert files, "what was synced is the database"
