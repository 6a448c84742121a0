"""Compressed answers to polling GETs, as decoders that are not ours read them."""

import gzip
import http.client
import json
import zlib

import pytest

TARGET = "/socket.io/?EIO=4&transport=polling"


class Poller:
    """A session that polls, in the namespace "/"."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        _, body = self.request("GET", TARGET)
        self.target = "%s&sid=%s" % (TARGET, json.loads(body[1:])["sid"])
        self.request("POST", self.target, "40")
        self.request("GET", self.target)

    def request(self, method, target, body=None, **headers):
        headers.setdefault("Accept-Encoding", "identity")
        self.connection.request(method, target, body, headers)
        response = self.connection.getresponse()
        data = response.read()
        assert response.status == 200, data
        assert int(response.headers["Content-Length"]) == len(data)
        return response.headers.get("Content-Encoding"), data


@pytest.mark.parametrize(
    ("accepted", "coding", "decode"),
    [
        ("gzip, deflate", "gzip", gzip.decompress),
        ("deflate", "deflate", zlib.decompress),
        ("gzip;q=0, *", "deflate", zlib.decompress),
        ("br", None, bytes),
    ],
)
def test_a_long_answer_is_what_was_sent(echo_server, accepted, coding, decode):
    poller = Poller(echo_server)
    for text in ("lesson " * 20_000, "äöü" * 700):
        poller.request("POST", poller.target, ('421["echo",%s]' % json.dumps(text, ensure_ascii=False)).encode())
        got, data = poller.request("GET", poller.target, **{"Accept-Encoding": accepted})
        assert got == coding
        assert json.loads(decode(data).decode().partition("431")[2]) == [text]
        if coding:
            assert len(data) < 2_000


def test_a_short_answer_is_sent_as_it_is(echo_server):
    poller = Poller(echo_server)
    poller.request("POST", poller.target, b'421["echo","short"]')
    coding, data = poller.request("GET", poller.target, **{"Accept-Encoding": "gzip"})
    assert coding is None and data == b'431["short"]'
