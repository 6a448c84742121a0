"""The server that ours is measured beside: python-socketio on uvicorn, with the events that rtload expects.

    peer.py PORT plain     as `pip install python-socketio uvicorn` leaves it: asyncio, h11, wsproto
    peer.py PORT tuned     as `pip install python-socketio uvicorn[standard]` leaves it: uvloop, httptools, websockets
"""

import sys

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")


@server.event
async def echo(_, text):
    return text


@server.event
async def join(sid, room):
    await server.enter_room(sid, room)
    return True


@server.event
async def say(_, text):
    await server.emit("say", text, room="room")


if __name__ == "__main__":
    stacks = {
        "plain": {"loop": "asyncio", "http": "h11", "ws": "wsproto"},
        "tuned": {"loop": "uvloop", "http": "httptools", "ws": "websockets"},
    }
    uvicorn.run(
        socketio.ASGIApp(server),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        ws_per_message_deflate=False,
        **stacks[sys.argv[2]],
    )
