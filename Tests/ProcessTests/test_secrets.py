"""No secret reaches a log: a whole run at the most talkative level, then a search for everything secret that it used."""

import base64
import hashlib
import hmac
import json
import re
import time

import requests

JWT_SECRET = "a-secret-for-signing-tokens-that-nobody-may-read"


def signed(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    body = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    signature = hmac.new(JWT_SECRET.encode(), body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def ask(server, session, packet):
    """One packet by polling, and all that comes back until it is answered."""
    requests.post(session, data=packet, timeout=120).raise_for_status()
    return requests.get(session, timeout=60).text


def connect(server, auth="{}"):
    base = f"{server.url}/socket.io/?EIO=4&transport=polling"
    opened = json.loads(requests.get(base, timeout=120).text[1:])
    session = f"{base}&sid={opened['sid']}"
    answer = ask(server, session, "40" + auth)
    assert '40{"sid"' in answer or "44" in answer, answer
    return session


def test_a_run_at_trace_level_logs_no_secret(dunlin, tmp_path):
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({
        "opaque-token-of-a-teacher": {"id": "teacher", "username": "Teacher", "role": "instructor"},
        "opaque-token-of-a-student": {"id": "student", "username": "Student"},
    }))
    secret = tmp_path / "jwt.secret"
    secret.write_text(JWT_SECRET)
    server = dunlin("--log-level", "trace", "--tokens", tokens, "--jwt-secret-file", secret, "--demo")
    jwt = signed({"sub": "ada", "name": "Ada", "exp": time.time() + 3_600})
    secrets = {"opaque-token-of-a-teacher", "opaque-token-of-a-student", "wrong-token-of-somebody", JWT_SECRET, jwt, jwt.split(".")[2]}
    teacher = connect(server, '{"token":"opaque-token-of-a-teacher"}')
    connect(server, json.dumps({"token": jwt}))
    connect(server, '{"token":"wrong-token-of-somebody"}')
    anonymous = connect(server)
    assert "auth:success" in ask(server, anonymous, '420["auth",{"token":"opaque-token-of-a-student"}]')
    assert "auth:error" in ask(server, anonymous, '421["auth",{"token":"wrong-token-of-somebody"}]')
    quiz = {"id": "quiz", "title": "T", "questions": [{"question": "?", "options": ["a", "b"], "correctAnswer": 0}]}
    bearer = {"Authorization": "Bearer opaque-token-of-a-teacher"}
    assert requests.post(f"{server.url}/api/v1/quizzes", json=quiz, headers=bearer, timeout=120).status_code == 201
    requests.get(f"{server.url}/api/v1/quizzes", headers={"Authorization": "Bearer wrong-token-of-somebody"}, timeout=120)
    requests.get(f"{server.url}/?token=wrong-token-of-somebody", timeout=120)
    created = ask(server, teacher, '420["quiz:create_session",{"quizId":"quiz"}]')
    code = re.search(r'"joinCode":"(\d+)"', created).group(1)
    guest = connect(server)
    joined = ask(server, guest, '420["quiz:join",{"joinCode":"%s","nickname":"Gus"}]' % code)
    secrets.add(re.search(r'"token":"([^"]+)"', joined).group(1))
    status, _ = server.terminate()
    assert status == 0
    log = server.errors
    assert "draining" in log, "the log is not the one of this run"
    secrets |= {hashlib.sha256(secret.encode()).hexdigest() for secret in secrets}
    secrets.add(", ".join(str(byte) for byte in JWT_SECRET.encode()))
    for secret in secrets:
        assert secret not in log
    # The demo's links are on standard output, once; their tokens are in no log.
    assert not re.search(r"dunlin_[A-Za-z0-9_-]{20,}", log)
