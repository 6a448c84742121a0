#!/usr/bin/env python3
"""What the delivery of a chat message costs on one server, and on two that share PostgreSQL and Redis.

    Benchmarks/cluster_chat.py --dunlin .build/release/dunlin [--members 100] [--messages 2000] [--rounds 3]

The members of one room sit on one server, or half of them on each of two. Prints the processor time of the servers for each delivery (a
message to a member), that of Redis and PostgreSQL apart, and the ratio of both. The exit status is 1 if a member got fewer messages than
were sent.
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests" / "Support"))

from join_cost import cpu_seconds  # noqa: E402
from postgres import Postgres  # noqa: E402
from redis_process import RedisProcess  # noqa: E402
from server_process import ServerProcess  # noqa: E402
from wire import SocketIO  # noqa: E402

# A user may send thirty messages at once.
BURST = 30


def processor_seconds(pid):
    """CPU time of a process, and of its children that live."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return cpu_seconds(pid) + sum(processor_seconds(int(child)) for child in children)


class Counter:
    """A member who counts."""

    def __init__(self):
        self.count = 0
        self.socket = None

    def told(self, name, arguments):
        self.count += name == "chat:message"


async def measure(servers, helpers, options, room):
    members = [Counter() for _ in range(options.members)]
    for number, member in enumerate(members):
        port = servers[number % len(servers)].port
        member.socket = await SocketIO.connect(port, {"token": f"token-{room}-{number}"}, listener=member.told)
        assert (await member.socket.call("chat:join", {"roomId": room}))["ok"]
    before = [processor_seconds(process.pid) for process in [*servers, *helpers]]

    async def talk(number):
        for position in range(number, options.messages, options.members):
            answer = await members[number].socket.call("chat:message", {"roomId": room, "content": f"message {position}", "type": "text"})
            assert answer["ok"], answer

    await asyncio.gather(*(talk(number) for number in range(options.members)))
    for _ in range(1_000):
        if all(member.count >= options.messages for member in members):
            break
        await asyncio.sleep(0.01)
    spent = [processor_seconds(process.pid) - start for process, start in zip([*servers, *helpers], before)]
    complete = all(member.count == options.messages for member in members)
    for member in members:
        member.socket.abort()
    deliveries = options.messages * options.members
    own = sum(spent[: len(servers)])
    return own / deliveries * 1e6, sum(spent[len(servers) :]) / deliveries * 1e6, complete


async def run(options, folder):
    rooms = [f"room{round_number}-{count}" for round_number in range(options.rounds) for count in (1, 2)]
    tokens = {
        f"token-{room}-{number}": {"id": f"{room}-{number}", "username": f"user{number}", "role": "student"}
        for room in rooms
        for number in range(options.members)
    }
    (folder / "tokens.json").write_text(json.dumps(tokens))
    postgres, redis = Postgres(folder / "pg"), RedisProcess(folder)
    serve = [options.dunlin.resolve(), "serve", "--port", "0", "--database", postgres.url, "--tokens", folder / "tokens.json"]
    alone = ServerProcess(serve, folder).wait_until_listening()
    pair = [ServerProcess([*serve, "--redis", redis.url], folder).wait_until_listening() for _ in range(2)]
    figures, complete = {1: [], 2: []}, True
    try:
        for round_number in range(options.rounds):
            for servers in ([alone], pair):
                room = f"room{round_number}-{len(servers)}"
                helpers = [postgres.process, redis.process]
                own, others, is_complete = await measure(servers, helpers, options, room)
                complete = complete and is_complete
                figures[len(servers)].append(own)
                print(f"{len(servers)} server(s): {own:6.2f} µs a delivery; PostgreSQL and Redis {others:6.2f} µs", flush=True)
    finally:
        for server in [alone, *pair]:
            server.kill()
        redis.kill()
        postgres.end()
    ratio = statistics.median(figures[2]) / statistics.median(figures[1])
    print(f"{options.members} members, {options.messages} messages: two servers cost {ratio:.2f} times as much a delivery as one")
    return 0 if complete else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dunlin", default=".build/release/dunlin", type=pathlib.Path)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.messages > BURST * options.members:
        parser.error(f"a member may send {BURST} messages at once")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        return asyncio.run(run(options, pathlib.Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
