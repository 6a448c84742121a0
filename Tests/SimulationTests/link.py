"""A connection that can be cut and delayed: a small TCP proxy before a server, for a port or a socket of the file system."""

import asyncio
import contextlib

CHUNK = 65_536


class Link:
    """Forwards to `upstream`, a port of this machine or a path. Faults hold for all connections."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.delay = 0.0
        # The server's answers are read and dropped.
        self.loses_answers = False
        # New connections are closed at once.
        self.refuses = False
        self.port = None
        self._server = None
        self._writers = set()
        self._tasks = set()

    async def listen(self, path=None):
        """On a free port, or at a path."""
        if path is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1_024)
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            self._server = await asyncio.start_unix_server(self._accept, path, backlog=1_024)
        return self

    async def _accept(self, reader, writer):
        # The task is the stream's own; kept so that `close` can wait for it.
        self._tasks.add(asyncio.current_task())
        self._writers.add(writer)
        opposite = None
        try:
            if self.refuses:
                return
            if isinstance(self.upstream, int):
                answers, opposite = await asyncio.open_connection("127.0.0.1", self.upstream)
            else:
                answers, opposite = await asyncio.open_unix_connection(self.upstream)
            self._writers.add(opposite)
            await asyncio.gather(self._forward(reader, opposite), self._forward(answers, writer, is_answer=True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, opposite):
                if end:
                    end.transport.abort()
                    self._writers.discard(end)
            self._tasks.discard(asyncio.current_task())

    async def _forward(self, reader, writer, is_answer=False):
        while data := await reader.read(CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            if is_answer and self.loses_answers:
                continue
            writer.write(data)
            await writer.drain()
        # Either end's close is the end of both.
        raise ConnectionResetError

    async def lose(self, seconds):
        """Drops the server's answers for a while, then ends all connections: nobody knows which requests were carried out."""
        self.loses_answers = True
        await asyncio.sleep(seconds)
        self.cut()
        self.loses_answers = False

    def cut(self):
        """Ends all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self):
        self._server.close()
        self.cut()
        # One may be on its way to the upstream, whose connection cannot be cut yet.
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))


@contextlib.asynccontextmanager
async def delayed(link, seconds):
    """Each chunk waits this long, in both directions."""
    link.delay = seconds
    try:
        yield
    finally:
        link.delay = 0.0
