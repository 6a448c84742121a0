"""A participant of the classroom on python-socketio's client with its default options: long-polling, then the upgrade to WebSocket."""

import asyncio

import socketio


class Player:
    def __init__(self):
        self.client = socketio.AsyncClient()
        self._received = {}
        self.client.on("*", self._store)

    async def _store(self, event, *arguments):
        self._queue(event).put_nowait(arguments)

    def _queue(self, event):
        return self._received.setdefault(event, asyncio.Queue())

    async def connect(self, url, **options):
        await self.client.connect(url, wait_timeout=60, **options)
        return self

    async def sign_in(self, token):
        await self.emit("auth", {"token": token})
        return await self.next("auth:success")

    async def emit(self, event, payload=None):
        await self.client.emit(event, payload)

    async def call(self, event, payload=None):
        return await self.client.call(event, payload, timeout=60)

    async def all_of_next(self, event, seconds=120):
        """Every argument of the next event of that name, in the order of arrival."""
        try:
            return await asyncio.wait_for(self._queue(event).get(), seconds)
        except TimeoutError:
            seen = {name: queue.qsize() for name, queue in self._received.items()}
            raise AssertionError(f"{event} did not come within {seconds} s; what came and waits: {seen}") from None

    async def next(self, event, seconds=120):
        arguments = await self.all_of_next(event, seconds)
        return arguments[0] if arguments else None

    def forget(self, event):
        """As if one began to listen only now."""
        self._received.pop(event, None)

    async def leave(self):
        await self.client.disconnect()


class Players:
    """`async with Players(url, 3) as (ann, ben, cleo)`: connected, and disconnected afterwards."""

    def __init__(self, url, count, **options):
        self.url, self.count, self.options = url, count, options

    async def __aenter__(self):
        self.players = [Player() for _ in range(self.count)]
        await asyncio.gather(*(player.connect(self.url, **self.options) for player in self.players))
        return self.players

    async def __aexit__(self, *_):
        await asyncio.gather(*(player.leave() for player in self.players), return_exceptions=True)
