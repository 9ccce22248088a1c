"""The web server as strangers meet it: half requests, requests of any size and shape, and what every answer carries."""

import contextlib
import json
import resource
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from app.edge.headers import GUARDS
from tests.functional.web_server import WebServer

LIVE = b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
# More than the server has threads.
STRANGERS = 300
CONNECTIONS = 2_000


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "half",
    [
        b"GET /api/quotes HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        POST + b"Content-Length: 50\r\n\r\n{",
        CHUNKED + b"5\r\nab",
        b"",
    ],
    ids=["head", "body", "chunk", "nothing"],
)
def test_clients_that_send_half_a_request_hold_up_nobody(web: WebServer, half: bytes) -> None:
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(connected(web)) for _ in range(STRANGERS)]
        for stranger in strangers:
            stranger.sendall(half)

        answers = [asked(web, LIVE) for _ in range(20)]

        assert all(status == 200 for status, _, _ in answers)
        # All of them were there all the time.
        assert not any(has_ended(stranger) for stranger in strangers)


@pytest.mark.timeout(120)
@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 4_096, reason="so many connections need files")
def test_of_more_half_requests_than_the_server_holds_the_oldest_go_and_others_are_served(web: WebServer) -> None:
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(connected(web)) for _ in range(CONNECTIONS + 200)]
        for stranger in strangers:
            with contextlib.suppress(OSError):
                stranger.sendall(LIVE[:10])

        assert asked(web, LIVE)[0] == 200
        assert has_ended(strangers[0])
        assert not has_ended(strangers[-1])


@pytest.mark.timeout(120)
def test_half_a_request_is_refused_after_a_while_and_a_connection_without_one_closed(web: WebServer) -> None:
    with connected(web) as half, connected(web) as silent:
        half.sendall(b"GET /api/quotes HTTP/1.1\r\n")

        assert silent.recv(100) == b""
        status, headers, body = answer_of(half)

    assert (status, json.loads(body)["title"]) == (408, "Request Timeout")
    assert GUARDS.items() <= headers.items()


def test_a_request_that_comes_byte_by_byte_is_answered(web: WebServer) -> None:
    with connected(web) as slow:
        for place in range(len(LIVE)):
            slow.sendall(LIVE[place : place + 1])

        assert answer_of(slow)[0] == 200


def test_requests_that_come_at_once_on_one_connection_are_answered_in_turn(web: WebServer) -> None:
    half, rest = LIVE[:20], LIVE[20:]
    with connected(web) as client:
        client.sendall(LIVE + LIVE + half)
        reader = client.makefile("rb")
        first, second = read_answer(reader), read_answer(reader)
        client.sendall(rest)

        assert [first[0], second[0], read_answer(reader)[0]] == [200, 200, 200]


def test_a_body_that_waits_for_a_word_is_asked_for(web: WebServer) -> None:
    body = b'{"symbols": 7}'
    with connected(web) as client:
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        reader = client.makefile("rb")
        assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert reader.readline() == b"\r\n"
        client.sendall(body)
        line = reader.readline()
        while line.startswith((b"HTTP/1.1 100", b"\r\n")):
            line = reader.readline()

    # Nobody in particular may not do this; the answer comes once the body is there.
    assert line.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /api/quotes?symbols=" + b"A" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET /api/quotes?symbols=" + b"A" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"b" * 9_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"b" * 10_000_000, 431),
        (POST + b"Content-Length: 10000000\r\n\r\n", 413),
        (CHUNKED + b"100000\r\n" + b"a" * 0x100000 + b"\r\n0\r\n\r\n", 413),
        (CHUNKED + b"zz\r\n", 400),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\rb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX A: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nX-A: b\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"TRACE /api/quotes HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /no%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /api/quotes?symbols=ES%0d%0aX:y HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None,
)
def test_what_is_no_request_for_this_server_is_refused_as_a_problem(
    web: WebServer, request_bytes: bytes, status: int
) -> None:
    found, headers, body = asked(web, request_bytes)

    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(body)["status"] == status
    assert GUARDS.items() <= headers.items()
    assert "Set-Cookie" not in headers
    assert "gunicorn" not in body.decode().lower()


@pytest.mark.parametrize(
    "path",
    ["/api/health/live", "/metrics", "/docs", "/openapi.json", "/", "/admin/login", "/nothing", "/admin/nothing"],
)
def test_every_answer_carries_the_guards_and_tells_nothing_of_the_server(web: WebServer, path: str) -> None:
    _, headers, _ = asked(web, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    assert GUARDS.keys() <= headers.keys()
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers.get("Server") in (None, "Thor")
    assert "X-Powered-By" not in headers


@contextlib.contextmanager
def connected(web: WebServer) -> Iterator[socket.socket]:
    parts = urlsplit(web.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as made:
        yield made


def asked(web: WebServer, request_bytes: bytes) -> tuple[int, dict[str, str], bytes]:
    with connected(web) as client:
        with contextlib.suppress(OSError):  # It may be refused before all of it is sent.
            client.sendall(request_bytes)
        return answer_of(client)


def answer_of(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    with client.makefile("rb") as reader:
        return read_answer(reader)


def read_answer(reader) -> tuple[int, dict[str, str], bytes]:
    status = int(reader.readline().split()[1])
    headers = {}
    while line := reader.readline().decode().strip():
        name, _, value = line.partition(": ")
        headers[name] = value
    return status, headers, reader.read(int(headers.get("Content-Length", 0)))


def has_ended(client: socket.socket) -> bool:
    """Whether a client that asked for nothing whole was refused, or hung up on."""
    client.setblocking(False)
    try:
        client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
