"""JSON Web Tokens of somebody else's sign-in service: what is let in, and what must not be."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from asynchronous import bounded
from wire import SocketIO

SECRET = b"an example secret of at least thirty-two bytes"
CLAIMS = {"sub": "jay", "name": "Jay", "role": "student", "permissions": ["quiz:participate"], "iss": "school", "aud": "dunlin"}


def part(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def signed(claims, algorithm="HS256", secret=SECRET):
    text = part({"alg": algorithm, "typ": "JWT"}) + b"." + part(claims)
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}.get(algorithm)
    signature = hmac.new(secret, text, digest).digest() if digest else b""
    return (text + b"." + part(signature)).decode()


@pytest.fixture
def server(dunlin, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    return dunlin("--database", "memory:", "--jwt-secret-file", secret, "--jwt-issuer", "school", "--jwt-audience", "dunlin")


@bounded(20)
async def test_a_valid_token_signs_in(server):
    token = signed({**CLAIMS, "exp": time.time() + 60, "nbf": time.time() - 60})
    one = await SocketIO.connect(server.port)
    answer = await one.call("auth", {"token": token})
    assert (answer["userId"], answer["username"], answer["role"]) == ("jay", "Jay", "student")
    await (await SocketIO.connect(server.port, {"token": token})).leave()


def refused():
    fresh = {**CLAIMS, "exp": time.time() + 60}
    valid = signed(fresh)
    head, body, signature = valid.split(".")
    teacher = part({**fresh, "role": "instructor"}).decode()
    yield "expired", signed({**CLAIMS, "exp": time.time() - 60})
    yield "without an expiry", signed(CLAIMS)
    yield "not valid yet", signed({**fresh, "nbf": time.time() + 600})
    yield "of another issuer", signed({**fresh, "iss": "elsewhere"})
    yield "for another audience", signed({**fresh, "aud": ["elsewhere"]})
    yield "without an audience", signed({key: value for key, value in fresh.items() if key != "aud"})
    yield "without a subject", signed({key: value for key, value in fresh.items() if key != "sub"})
    yield "of another secret", signed(fresh, secret=b"another secret of at least thirty-two bytes")
    yield "with the algorithm none", signed(fresh, "none")
    yield "with another algorithm", signed(fresh, "HS512")
    yield "without a signature", f"{head}.{body}."
    yield "with a changed body", f"{head}.{teacher}.{signature}"
    yield "with an expiry that is a text", signed({**fresh, "exp": "tomorrow"})
    yield "of dots", ".."


@pytest.mark.parametrize("token", [pytest.param(token, id=name) for name, token in refused()])
@bounded(20)
async def test_a_token_is_refused(server, token):
    one = await SocketIO.connect(server.port)
    answer = await one.call("auth", {"token": token})
    assert answer["error"]["code"] == "unauthenticated", answer
    assert answer["error"]["message"] == "Invalid authentication token"
    with pytest.raises(ConnectionRefusedError, match="Invalid authentication token"):
        await SocketIO.connect(server.port, {"token": token})
