"""`dunlin run --redis` with `dunlin worker` processes and a real redis-server: one run, shared out."""

import asyncio
import json
import re
import signal

import pytest

from asynchronous import bounded
from redis_process import RedisProcess

SECONDS = 120

SCRIPT = """
config:
  target: {target}
  phases: [{{duration: 2, arrivalCount: 21}}]
  payload: {{path: users.csv, fields: [name], order: sequence}}
  socketio: {{transports: [websocket]}}
before:
  engine: socketio
  flow:
    - emit: [echo, word]
      acknowledge: {{capture: {{json: $.0, as: word}}}}
scenarios:
  - engine: socketio
    flow:
      - emit: [echo, "{{{{ $auditTag('all') }}}}", "{{{{ name }}}}"]
        acknowledge: {{match: {{json: $.1, value: "{{{{ name }}}}"}}}}
      - emit: [echo, "{{{{ word }}}}"]
        acknowledge: {{data: [word]}}
      - think: {think}
after:
  engine: socketio
  flow:
    - emit: [echo, bye]
      acknowledge: true
"""


@pytest.fixture
def redis(tmp_path):
    process = RedisProcess(tmp_path)
    yield process
    process.stop()


class Commands:
    """Processes of the command; all of them are ended."""

    def __init__(self, program, folder):
        self.program, self.folder, self.processes = program, folder, []

    async def start(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            self.program, *arguments, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        return process

    async def worker(self, redis, name):
        """One that waits for a run."""
        folder = self.folder / name
        folder.mkdir()
        process = await asyncio.create_subprocess_exec(
            self.program, "worker", "--redis", redis.url, "--name", name, cwd=folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        await said(process, "waiting for a run")
        return process

    async def __aenter__(self):
        return self

    async def __aexit__(self, *failure):
        for process in self.processes:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def said(process, text):
    """Reads standard error up to a line that holds a text."""
    lines = []
    while text not in (lines or [""])[-1]:
        line = (await process.stderr.readline()).decode()
        assert line, f"it never said '{text}':\n{''.join(lines)}"
        lines.append(line)
    return lines[-1]


def write(folder, target, think=0.1):
    (folder / "users.csv").write_text("".join(f"user{number}\n" for number in range(21)))
    (folder / "load.yml").write_text(SCRIPT.format(target=target, think=think))


@bounded(SECONDS)
async def test_machines_play_one_run_together(dunlin_command, echo_server, redis, tmp_path):
    write(tmp_path, echo_server.url)
    async with Commands(dunlin_command, tmp_path) as commands:
        workers = [await commands.worker(redis, name) for name in ("berta", "carl")]
        run = await commands.start(
            "run", "load.yml", "--redis", redis.url, "--machines", "2", "--workers", "2", "-o", "run.json", "--seed", "3"
        )
        output, errors = await asyncio.wait_for(run.communicate(), SECONDS)
        report = json.loads((tmp_path / "run.json").read_text())
        counters = report["aggregate"]["counters"]
        assert run.returncode == 0, (output, errors)
        assert "waiting for machines" in errors.decode() or "playing with 2 machines" in errors.decode()
        assert counters["vusers.created"] == counters["vusers.completed"] == 21
        assert counters["socketio.emit"] == 42
        assert report["aggregate"]["summaries"]["socketio.response_time"]["count"] == 42
        assert sum(room["sent"] for room in report["dunlin"]["audit"]["rooms"]) == 21
        for worker in workers:
            assert "playing share" in await said(worker, "playing share")
            # It waits for the next run, and leaves in an orderly way.
            await said(worker, "waiting for a run")
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(worker.wait(), SECONDS) == 0
    # Nothing of the run is left behind.
    assert redis.ask("KEYS", "dunlin:load:*") == "*1\r\n$16\r\ndunlin:load:runs\r\n"


@bounded(SECONDS)
async def test_this_machine_plays_the_part_of_one_that_is_missing(dunlin_command, echo_server, redis, tmp_path):
    write(tmp_path, echo_server.url)
    async with Commands(dunlin_command, tmp_path) as commands:
        await commands.worker(redis, "berta")
        run = await commands.start("run", "load.yml", "--redis", redis.url, "--machines", "2", "-o", "run.json")
        assert "'berta', this one" in await said(run, "playing with 2 machines")
        output, errors = await asyncio.wait_for(run.communicate(), SECONDS)
    assert run.returncode == 0, (output, errors)
    assert json.loads((tmp_path / "run.json").read_text())["aggregate"]["counters"]["vusers.completed"] == 21


@bounded(SECONDS)
async def test_a_machine_that_dies_is_reported_and_the_others_go_on(dunlin_command, echo_server, redis, tmp_path):
    write(tmp_path, echo_server.url, think=25)
    async with Commands(dunlin_command, tmp_path) as commands:
        workers = [await commands.worker(redis, name) for name in ("berta", "carl")]
        run = await commands.start("run", "load.yml", "--redis", redis.url, "--machines", "2", "-o", "run.json")
        await said(run, "users 21 ")
        workers[1].kill()
        output, errors = await asyncio.wait_for(run.communicate(), SECONDS)
    first = output.decode().splitlines()[0]
    pattern = r"warning: worker [12] of 2 was lost after .* \(machine 'carl' was silent for 10 s\): its (\d+) virtual users at work, .*"
    lost = int(re.fullmatch(pattern, first)[1])
    assert run.returncode == 1 and lost in (10, 11), (output, errors)
    assert json.loads((tmp_path / "run.json").read_text())["aggregate"]["counters"]["vusers.completed"] == 21 - lost


@bounded(SECONDS)
async def test_an_interrupt_drains_all_machines(dunlin_command, echo_server, redis, tmp_path):
    write(tmp_path, echo_server.url, think=600)
    async with Commands(dunlin_command, tmp_path) as commands:
        worker = await commands.worker(redis, "berta")
        run = await commands.start("run", "load.yml", "--redis", redis.url, "--machines", "2", "-o", "run.json")
        await said(run, "users 21 ")
        run.send_signal(signal.SIGINT)
        output, errors = await asyncio.wait_for(run.communicate(), SECONDS)
        await said(worker, "the run is over")
    assert run.returncode == 0, (output, errors)
    assert output.decode().startswith("warning: the run was interrupted after ")
    assert "Summary report @" in output.decode() and "was lost" not in output.decode()
    assert json.loads((tmp_path / "run.json").read_text())["aggregate"]["counters"]["vusers.created"] == 21


@bounded(SECONDS)
async def test_redis_that_is_not_there_has_the_status_of_what_is_unavailable(dunlin_command, echo_server, redis, tmp_path):
    write(tmp_path, echo_server.url)
    redis.stop()
    async with Commands(dunlin_command, tmp_path) as commands:
        for arguments in (["run", "load.yml", "--redis", redis.url], ["worker", "--redis", redis.url]):
            process = await commands.start(*arguments)
            _, errors = await asyncio.wait_for(process.communicate(), SECONDS)
            assert process.returncode == 69
            assert errors.decode().startswith(f"dunlin: 127.0.0.1:{redis.port} cannot be reached: Redis: connection failed"), errors
