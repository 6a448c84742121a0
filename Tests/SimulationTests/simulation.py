"""One run: sessions and a chat on real processes, faults in the middle of bursts, and the checkers' verdict. All chance comes from a seed."""

import asyncio
import dataclasses
import random
import time

import requests

import checkers
import faults
from classroom_data import INSTRUCTOR
from cluster import Cluster
from history import FAIL, OK, UNKNOWN, Board, Fault, History
from people import Host, Player

# How long a fault waits for its place in a burst: a session that a fault has held up acknowledges little.
LONGEST_WAIT = 12
SETTINGS = {"autoAdvance": True, "advanceDelayMs": 300, "questionDurationMs": 8_000}


@dataclasses.dataclass(frozen=True)
class Plan:
    """The size of a run, and the faults to draw from."""

    seed: int
    faults: tuple = ("kill-node",)
    fault_count: int = 2
    nodes: int = 1
    # Without it there is one server.
    has_redis: bool = True
    sessions: int = 2
    players: int = 60
    # A name of `sabotage`: then the checkers have to notice.
    sabotage: str | None = None
    questions: int = 5
    messages: int = 4


@dataclasses.dataclass
class Verdict:
    plan: Plan
    history: History
    violations: list
    seconds: float

    def __str__(self):
        attempts, said = self.history.attempts, self.history.said
        counts = [sum(entry.outcome == outcome for entry in attempts) for outcome in (OK, FAIL, UNKNOWN)]
        injected = ", ".join(self._told(fault) for fault in self.history.faults)
        return (
            f"seed {self.plan.seed}: {len(self.violations)} violations; answers {counts[0]} ok, {counts[1]} refused, {counts[2]} unknown,"
            f" {len(self.history.rows)} stored; {len(said)} chat messages sent, {len(self.history.messages)} stored,"
            f" {len(self.history.heard)} heard; {len(self.history.boards)} boards; {injected}; {self.seconds:.0f} s in all"
        )

    def _told(self, fault):
        recovery = self.history.recovery(fault)
        after = "nothing came after it" if recovery is None else f"acknowledging {recovery:.1f} s later"
        return f"{fault.name} for {fault.healed - fault.began:.1f} s, {after}"


def people(plan):
    """The users who play in each session of every round."""
    return [[f"user{session}-{number}" for number in range(plan.players)] for session in range(plan.sessions)]


def quiz(plan):
    chance = random.Random(plan.seed)
    return [
        {"id": f"q{number}", "question": f"Question {number}?", "options": ["a", "b", "c", "d"], "correctAnswer": chance.randrange(4)}
        for number in range(plan.questions)
    ]


def cluster_for(plan, folder):
    return Cluster(folder, plan.nodes, [user for own in people(plan) for user in own], quiz(plan), plan.has_redis, plan.sabotage)


async def run(plan, folder):
    """Plays a plan in an empty folder."""
    async with cluster_for(plan, folder) as cluster:
        return await play(plan, cluster)


async def play(plan, cluster, round_name="", seconds_at_most=600):
    """Plays a plan on a cluster. Rounds of other names may have been played there before."""
    began = time.monotonic()
    history = History()
    users = {f"{round_name}session{number}": own for number, own in enumerate(people(plan))}
    room = f"{round_name}room"
    await asyncio.wait_for(_Play(plan, cluster, history, users, room).all(), seconds_at_most)
    await cluster.read(history, set(users), room)
    violations = checkers.check(history, [question["id"] for question in quiz(plan)], users)
    return Verdict(plan, history, violations, time.monotonic() - began)


class _Play:
    def __init__(self, plan, cluster, history, users, room):
        self.plan, self.cluster, self.history = plan, cluster, history
        self.chance = random.Random(plan.seed)
        self.hosts, self.players = [], []
        for number, (session, own) in enumerate(users.items()):
            self.hosts.append(Host(cluster, history, self._own_chance(), number, session, SETTINGS))
            # The players of each session sit on all servers.
            for place, user in enumerate(own):
                self.players.append(Player(user, cluster, history, self._own_chance(), number + place, session, room))

    def _own_chance(self):
        return random.Random(self.chance.random())

    async def all(self):
        try:
            await asyncio.gather(*(host.create() for host in self.hosts))
            await asyncio.gather(*(player.socket() for player in self.players))
            await asyncio.gather(*(host.start() for host in self.hosts))
            talks = [player.talk(self.plan.messages) for player in self.players]
            await asyncio.gather(self._inject(), *(player.stay() for player in self.players), *talks)
            await self.cluster.until_ready()
            await asyncio.gather(*(player.ask_again() for player in self.players))
            await self._hear_last_word()
            await self._see_who_is_there()
            for host in self.hosts:
                await self._read_board(host.session)
        finally:
            for person in [*self.hosts, *self.players]:
                person.drop()
            for player in self.players:
                for task in player.tasks:
                    task.cancel()

    async def _inject(self):
        names = faults.drawn(list(self.plan.faults), self.plan.fault_count, self.chance)
        expected = len(self.players) * self.plan.questions
        for number, name in enumerate(names):
            due = (number + self.chance.uniform(0.1, 0.9)) / len(names) * expected
            await self._until_acknowledged(due)
            fault = Fault(name, time.monotonic())
            await faults.BY_NAME[name](self.cluster, random.Random(self.chance.random()), self.history)
            fault.healed = time.monotonic()
            self.history.faults.append(fault)
            await self.cluster.until_ready()

    async def _until_acknowledged(self, count):
        deadline = time.monotonic() + LONGEST_WAIT
        while self.history.acknowledged < count and time.monotonic() < deadline:
            await asyncio.sleep(0.005)

    async def _hear_last_word(self):
        """When all is over, everybody hears what is said last, and with it all that came before."""
        last = await self.players[0].say("last-word")
        deadline = time.monotonic() + 60
        for player in self.players:
            while player.heard < last:
                assert time.monotonic() < deadline, f"{player.user} heard messages up to {player.heard} of {last}"
                await player.socket()
                await asyncio.sleep(0.05)

    async def _see_who_is_there(self):
        """When all is over, every server counts those who are connected, wherever they are."""
        deadline = time.monotonic() + 60
        for node in self.cluster.nodes:
            while True:
                await asyncio.gather(*(player.socket() for player in self.players))
                present = {person.user for person in [*self.players, *self.hosts] if person.is_connected}
                counted = await node.active_users()
                if counted == len(present):
                    break
                assert time.monotonic() < deadline, f"{node.name} counts {counted} users, and {len(present)} are connected"
                await asyncio.sleep(0.2)

    async def _read_board(self, session):
        """The final board by the HTTP API, beside those that came as events."""
        node = self.chance.choice(self.cluster.nodes)
        headers = {"Authorization": f"Bearer token-{INSTRUCTOR[0]}"}
        response = await asyncio.to_thread(requests.get, f"{node.url}/api/v1/sessions/{session}/leaderboard", headers=headers, timeout=120)
        assert response.status_code == 200, response.text
        board = response.json()
        table = tuple((row["userId"], row["score"], row["correctAnswers"]) for row in board["entries"])
        self.history.boards.append(Board("api", 0, session, board["summary"]["version"], board["summary"]["final"], table))
