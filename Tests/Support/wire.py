"""A client made of bytes: WebSocket frames and Socket.IO packets written and read here, so that a test can be as rude as it likes."""

import asyncio
import base64
import json
import os
import struct

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


def frame(opcode, payload=b"", final=True, mask=b"\0\0\0\0"):
    """A client's frame. The default mask leaves the payload readable in a trace; the protocol demands only that there is one."""
    if isinstance(payload, str):
        payload = payload.encode()
    length = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65_536:
        head += bytes([0x80 | 126]) + struct.pack("!H", length)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", length)
    if mask != b"\0\0\0\0":
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return head + mask + payload


class Refused(Exception):
    """The server answered the upgrade with something else than 101."""

    def __init__(self, status, headers, body):
        super().__init__(f"{status} {body[:200]!r}")
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The connection ended; `code` is that of the close frame, if there was one with a code."""

    def __init__(self, code=None, frame_came=False):
        super().__init__(f"closed, code {code}, close frame {frame_came}")
        self.code, self.frame_came = code, frame_came


class WebSocket:
    """Frames over TCP."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port, path="/socket.io/?EIO=4&transport=websocket", headers=None, **stream_options):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **stream_options)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        if status != 101:
            fields = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if ":" in line}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            writer.close()
            raise Refused(status, fields, body)
        return cls(reader, writer)

    def write(self, opcode, payload=b"", **options):
        self.writer.write(frame(opcode, payload, **options))

    async def read_frame(self):
        """Opcode and payload of the next frame, whatever it is; Closed at the end of the stream."""
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Closed() from None

    async def read(self):
        """The next text or binary message; a close frame or the end of the stream raises Closed."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None
                raise Closed(code, True)
            if opcode == PING:
                self.write(PONG, payload)
            elif opcode != PONG:
                return payload.decode() if opcode == TEXT else payload

    async def until_closed(self):
        """Reads on until the server ends the connection; returns the Closed that says how."""
        while True:
            try:
                await self.read()
            except Closed as closed:
                return closed

    def close(self):
        self.writer.close()


class SocketIO:
    """A Socket.IO client on one WebSocket connection: events in queues, acknowledgements awaited, pings answered."""

    def __init__(self, socket, listener=None):
        self.socket = socket
        self.closed = None
        self._listener = listener
        self._received, self._acknowledgements, self._next_id = {}, {}, 0
        self._task = None

    @classmethod
    async def connect(cls, port, auth=None, headers=None, listener=None):
        """`listener` gets each event's name and arguments, in their order; then no event waits in a queue."""
        socket = await WebSocket.open(port, headers=headers)
        opened = await socket.read()
        assert opened.startswith('0{"'), opened
        socket.write(TEXT, "40" + (json.dumps(auth) if auth is not None else ""))
        answer = await socket.read()
        if not answer.startswith('40{"'):
            socket.close()
            raise ConnectionRefusedError(answer)
        self = cls(socket, listener)
        self._task = asyncio.create_task(self._read())
        return self

    async def _read(self):
        try:
            while True:
                text = await self.socket.read()
                if text == "2":
                    self.socket.write(TEXT, "3")
                elif text.startswith("42"):
                    name, *arguments = json.loads(text[2:])
                    if self._listener:
                        self._listener(name, arguments)
                    else:
                        self._queue(name).put_nowait(arguments)
                elif text.startswith("43"):
                    bracket = text.index("[")
                    future = self._acknowledgements.pop(int(text[2:bracket]), None)
                    if future and not future.done():
                        future.set_result(json.loads(text[bracket:]))
        except Closed as closed:
            self.closed = closed
        for future in self._acknowledgements.values():
            if not future.done():
                future.set_exception(ConnectionResetError("closed before the acknowledgement"))

    def _queue(self, event):
        return self._received.setdefault(event, asyncio.Queue())

    def emit(self, event, *arguments):
        self.socket.write(TEXT, "42" + json.dumps([event, *arguments]))

    def send_call(self, event, *arguments):
        """Sends at once; the future is the acknowledgement's list of arguments."""
        future = asyncio.get_running_loop().create_future()
        if self.closed:
            future.set_exception(ConnectionResetError("closed"))
            return future
        self._acknowledgements[self._next_id] = future
        self.socket.write(TEXT, f"42{self._next_id}" + json.dumps([event, *arguments]))
        self._next_id += 1
        return future

    async def call(self, event, *arguments, seconds=120):
        answer = await asyncio.wait_for(self.send_call(event, *arguments), seconds)
        return answer[0] if answer else None

    async def all_of_next(self, event, seconds=120):
        try:
            return await asyncio.wait_for(self._queue(event).get(), seconds)
        except TimeoutError:
            raise AssertionError(f"{event} did not come within {seconds} s") from None

    async def next(self, event, seconds=120):
        arguments = await self.all_of_next(event, seconds)
        return arguments[0] if arguments else None

    async def until_closed(self, seconds=120):
        """Waits until the server ended the connection; returns the Closed that says how."""
        await asyncio.wait_for(asyncio.shield(self._task), seconds)
        return self.closed

    def abort(self):
        """Ends the connection at once, without a word."""
        self.socket.writer.transport.abort()

    async def leave(self):
        self.socket.close()
        await asyncio.wait([self._task], timeout=60)
