from itertools import islice

import httpx
import pytest

from app.client import streaming as module
from app.client.streaming import FIRST_WAIT_S, LONGEST_WAIT_S, StreamEvent, follow
from app.client.transport import Denied, Transport

GREETING = b": connected\nretry: 3000\n\n"


@pytest.fixture
def waited(monkeypatch):
    found = []
    monkeypatch.setattr(module.time, "sleep", found.append)
    return found


def event(number, name="quote"):
    return f'id: {number}-0\nevent: {name}\ndata: {{"seq": {number}, "last": 0.10}}\n\n'.encode()


def serving(*answers):
    left, got = list(answers), []

    def answer(request):
        got.append(request)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return (
            httpx.Response(200, content=found, headers={"Content-Type": "text/event-stream"})
            if isinstance(found, bytes)
            else found
        )

    return Transport("http://thor", None, 0.0, httpx.MockTransport(answer)), got


def test_events_come_with_their_names_ids_and_exact_numbers(waited):
    transport, got = serving(GREETING + event(1) + b": hb\n\n" + event(2, "reset"))

    found = list(islice(follow(transport, "/s", {"symbols": "ES"}), 2))

    assert found == [
        StreamEvent("quote", "1-0", {"seq": 1, "last": "0.10"}),
        StreamEvent("reset", "2-0", {"seq": 2, "last": "0.10"}),
    ]
    assert str(got[0].url) == "http://thor/s?symbols=ES"
    assert "Last-Event-ID" not in got[0].headers


def test_after_a_break_it_goes_on_where_it_stopped(waited):
    transport, got = serving(
        GREETING + event(1), httpx.ReadTimeout("silent"), httpx.ConnectError("x"), GREETING + event(2)
    )

    found = [one.id for one in islice(follow(transport, "/s", {}), 2)]

    assert found == ["1-0", "2-0"]
    assert [request.headers.get("Last-Event-ID") for request in got] == [None, "1-0", "1-0", "1-0"]


def test_each_further_failure_waits_longer_with_some_jitter_up_to_a_limit(waited):
    transport, _ = serving(*[httpx.ConnectError("x")] * 9, GREETING + event(1))

    next(follow(transport, "/s", {}))

    longest = [min(FIRST_WAIT_S * 2**number, LONGEST_WAIT_S) for number in range(1, 10)]
    assert all(limit / 2 <= found <= limit for found, limit in zip(waited, longest, strict=True))
    assert len(set(waited)) == len(waited)


def test_it_waits_as_long_as_it_is_told(waited):
    busy = httpx.Response(429, json={"detail": "full", "request_id": "r"}, headers={"Retry-After": "40"})
    transport, _ = serving(busy, GREETING + event(1))

    next(follow(transport, "/s", {}))

    assert waited == [40.0]


def test_what_coming_back_does_not_mend_is_raised(waited):
    transport, got = serving(httpx.Response(401, json={"detail": "who?", "request_id": "r"}))

    with pytest.raises(Denied, match="who"):
        next(follow(transport, "/s", {}))

    assert (len(got), waited) == (1, [])
