"""Clients that come back: they connect again at the next server, repeat requests that got no answer, and record all that they see."""

import asyncio
import time

from classroom_data import INSTRUCTOR
from history import FAIL, OK, Attempt, Board, Closing, Heard, Opened, Said
from wire import Closed, Refused, SocketIO

# How long a client waits for an answer before it takes the connection for dead.
PATIENCE = 4
# The share of answers that are sent once more although they are acknowledged.
IMPATIENT = 0.2
# Refusals after which the request may have been carried out all the same.
DOUBTFUL = ("unavailable", "internal")


class Person:
    def __init__(self, user, cluster, history, random, home):
        self.user, self.cluster, self.history, self.random = user, cluster, history, random
        self.home = home
        self.connection = 0
        self._socket = None
        self._node = None
        self._connecting = asyncio.Lock()

    async def socket(self):
        """The connection, or the next one once it has entered."""
        async with self._connecting:
            while self._socket is None or self._socket.closed:
                self.drop()
                socket = await self._connect()
                if socket and await self._entered(socket):
                    self._socket = socket
                    break
                if socket:
                    socket.abort()
                self.home += 1
                await asyncio.sleep(self.random.uniform(0.1, 0.4))
            return self._socket

    @property
    def is_connected(self):
        return self._socket is not None and not self._socket.closed

    async def _connect(self):
        node = self._node = self.cluster.nodes[self.home % len(self.cluster.nodes)]
        self.connection += 1
        connection = self.connection

        def listener(name, arguments):
            self.told(connection, name, arguments)

        try:
            opening = SocketIO.connect(node.clients.port, {"token": f"token-{self.user}"}, listener=listener)
            return await asyncio.wait_for(opening, PATIENCE)
        except (OSError, TimeoutError, EOFError, Closed, Refused, AssertionError):
            return None

    async def _entered(self, socket):
        try:
            return await self.enter(socket)
        except (OSError, TimeoutError):
            return False

    async def enter(self, socket):
        """Joins whatever the person takes part in. False if the connection is of no use."""
        return True

    def told(self, connection, name, arguments):
        """An event came."""

    def drop(self):
        if self._socket:
            if self._socket.closed:
                self.history.closings.append(Closing(self.user, self._node.name, self._socket.closed.code))
            self._socket.abort()
        self._socket = None

    async def call(self, event, payload):
        """The answer to a request; None: nobody knows what became of it."""
        socket = await self.socket()
        try:
            return await socket.call(event, payload, seconds=PATIENCE)
        except (OSError, TimeoutError):
            if socket is self._socket:
                self.drop()
            return None

    async def pause(self, body=None):
        asked = (body or {}).get("error", {}).get("retryAfterMs", 300) / 1_000
        await asyncio.sleep(asked + self.random.uniform(0, 0.2))


class Player(Person):
    """Answers the questions of a session, and talks in a room."""

    def __init__(self, user, cluster, history, random, home, session, room):
        super().__init__(user, cluster, history, random, home)
        self.session, self.room = session, room
        self.ended = asyncio.Event()
        self.heard = 0
        # The connection that is in the room, and messages that came before the answer to its join.
        self.in_room = 0
        self.early = []
        # The chosen answers by question.
        self.choices = {}
        self.tasks = []

    async def enter(self, socket):
        connection = self.connection
        joined = await socket.call("chat:join", {"roomId": self.room}, seconds=PATIENCE)
        if not joined["ok"]:
            return False
        for message in joined["history"]:
            self._hear(connection, message, "history")
        self.in_room = connection
        for early, message in self.early:
            if early == connection:
                self._hear(connection, message, "live")
        self.early.clear()
        for _ in range(4):
            body = await socket.call("quiz:join", {"sessionId": self.session}, seconds=PATIENCE)
            if body["ok"]:
                self._stand(body)
                return True
            if body["error"]["code"] == "closed":
                self.ended.set()
                return True
            await self.pause(body)
        return False

    async def stay(self):
        """Until the session is over: comes back whenever the connection is gone."""
        while not self.ended.is_set():
            await self.socket()
            try:
                await asyncio.wait_for(self.ended.wait(), 0.25)
            except TimeoutError:
                pass

    def told(self, connection, name, arguments):
        if name == "chat:message":
            if connection == self.in_room:
                self._hear(connection, arguments[0], "live")
            else:
                self.early.append((connection, arguments[0]))
        elif name == "quiz:leaderboard":
            rows, details = arguments
            table = tuple((row["userId"], row["score"], row["correctAnswers"]) for row in rows)
            self.history.boards.append(
                Board(self.user, connection, details["sessionId"], details["version"], details["final"], table)
            )
        elif name == "quiz:question":
            self._see(arguments[0])
        elif name == "quiz:joined":
            # Once more, because something may have gone past this connection.
            self._stand(arguments[0])
        elif name == "quiz:ended":
            self.ended.set()

    def _hear(self, connection, message, way):
        self.heard = max(self.heard, message["sequence"])
        self.history.heard.append(
            Heard(self.user, connection, message["roomId"], way, message["sequence"], message["userId"], message["content"])
        )

    def _stand(self, snapshot):
        if snapshot["status"] == "ended":
            self.ended.set()
        if snapshot.get("question"):
            self._see(snapshot["question"])

    def _see(self, question):
        if question["remainingMs"] > 0:
            self.history.opened.add(Opened(self.user, self.session, question["questionId"], question["deadline"]))
        if question["questionId"] not in self.choices:
            self.choices[question["questionId"]] = self.random.randrange(4)
            self.tasks.append(asyncio.create_task(self._answer(question["questionId"])))

    async def _answer(self, question):
        await asyncio.sleep(self.random.uniform(0, 0.5))
        while True:
            attempt, body = await self.try_answer(question)
            if attempt.outcome == OK and self.random.random() < IMPATIENT:
                await self.try_answer(question)
            if attempt.outcome == OK or attempt.refusal in ("closed", "not_found", "invalid"):
                return
            if attempt.refusal == "forbidden":
                # The seat is gone with a connection or a server.
                self.drop()
            # Whoever asks again may ask otherwise: the first answer counts.
            self.choices[question] = self.random.randrange(4)
            if body:
                await self.pause(body)

    async def try_answer(self, question):
        """One attempt, with the server's answer or None."""
        choice = self.choices[question]
        attempt = Attempt(self.session, question, self.user, choice, time.monotonic())
        self.history.attempts.append(attempt)
        body = await self.call("quiz:answer", {"sessionId": self.session, "questionId": question, "answer": choice})
        attempt.ended = time.monotonic()
        if body and body["ok"]:
            attempt.outcome = OK
            attempt.correct, attempt.score, attempt.bonus = body["correct"], body["score"], body["timeBonus"]
            attempt.total, attempt.is_duplicate = body["totalScore"], body.get("duplicate", False)
        elif body:
            attempt.refusal = body["error"]["code"]
            if attempt.refusal not in DOUBTFUL:
                attempt.outcome = FAIL
        return attempt, body

    async def ask_again(self):
        """Every question once more: the results have to be the first ones."""
        await asyncio.gather(*self.tasks)
        for question in self.choices:
            while True:
                attempt, body = await self.try_answer(question)
                if attempt.outcome == OK or attempt.refusal in ("closed", "not_found", "forbidden"):
                    break
                if body:
                    await self.pause(body)

    async def talk(self, count):
        for number in range(count):
            await asyncio.sleep(self.random.uniform(0.2, 1.5))
            await self.say(f"{self.user}-{number}")

    async def say(self, client_id):
        """Until it is acknowledged or refused; returns its sequence, or None."""
        text = f"message {client_id}"
        while True:
            said = Said(self.room, self.user, client_id, text, time.monotonic())
            self.history.said.append(said)
            body = await self.call("chat:message", {"roomId": self.room, "content": text, "type": "text", "clientId": client_id})
            said.ended = time.monotonic()
            if body and body["ok"]:
                said.outcome, said.sequence = OK, body["sequence"]
                return said.sequence
            if body:
                said.refusal = body["error"]["code"]
                if said.refusal not in DOUBTFUL:
                    said.outcome = FAIL
                    if said.refusal not in ("rate_limited", "forbidden"):
                        return None
                if said.refusal == "forbidden":
                    self.drop()
                await self.pause(body)


class Host(Person):
    """Creates a session, and starts it once its players are there. From then on the servers' clock runs it."""

    def __init__(self, cluster, history, random, home, session, settings):
        super().__init__(INSTRUCTOR[0], cluster, history, random, home)
        self.session, self.settings = session, settings

    async def create(self):
        while True:
            request = {"quizId": "quiz", "sessionId": self.session, "settings": self.settings}
            body = await self.call("quiz:create_session", request)
            # A request whose answer was lost finds its own session.
            if body and (body["ok"] or body["error"]["code"] == "conflict"):
                return
            await self.pause(body)

    async def start(self):
        while True:
            body = await self.call("quiz:start", {"sessionId": self.session})
            if body and (body["ok"] or body["error"]["code"] in ("conflict", "closed")):
                return
            if body and body["error"]["code"] == "unavailable":
                # The session may be another server's.
                self.home += 1
                self.drop()
            await self.pause(body)
