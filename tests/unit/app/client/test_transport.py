import httpx
import pytest

from app.client.transport import Busy, Denied, Transport, check
from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable

PROBLEM = {"detail": "what is wrong", "request_id": "r1"}


def serving(*answers, patience_s=60.0):
    """A transport whose server gives these answers in turn, and the requests that it got."""
    left, got = list(answers), []

    def answer(request):
        got.append(request)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return Transport("http://thor", "k", patience_s, httpx.MockTransport(answer)), got


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (401, Denied), (403, Denied), (404, NotFound), (409, Conflict), (429, Busy), (503, Unavailable),
     (500, ThorError), (418, ThorError)],
)  # fmt: skip
def test_an_error_has_the_kind_of_its_status_and_the_words_of_the_server(status, kind):
    with pytest.raises(kind, match=r"what is wrong \(request r1\)"):
        check(httpx.Response(status, json=PROBLEM))


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"detail": 1}', b"\xff"])
def test_an_error_that_is_no_problem_document_is_told_by_its_status(content):
    with pytest.raises(ThorError, match="HTTP 502 Bad Gateway"):
        check(httpx.Response(502, content=content))


def test_the_key_goes_in_a_header_and_empty_parameters_do_not_go_at_all():
    transport, got = serving(httpx.Response(200))

    transport.read("/api/quotes", {"symbols": "ES", "at": None, "forming": True})

    assert got[0].headers["Authorization"] == "Bearer k"
    assert str(got[0].url) == "http://thor/api/quotes?symbols=ES&forming=true"


def test_reading_waits_as_it_is_told_and_goes_on(monkeypatch):
    waited = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    busy = httpx.Response(503, json=PROBLEM, headers={"Retry-After": "7"})
    transport, got = serving(busy, httpx.Response(429), httpx.ConnectError("refused"), httpx.Response(200))

    assert transport.read("/api/quotes").status_code == 200

    assert len(got) == 4
    assert waited == [7.0, 1.0, 2.0]


def test_patience_ends(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _s: None)
    transport, got = serving(httpx.Response(503, json=PROBLEM), patience_s=0.0)

    with pytest.raises(Unavailable, match="what is wrong"):
        transport.read("/api/quotes")

    assert len(got) == 1


def test_a_change_is_sent_once_unless_the_server_can_tell_that_it_is_the_same(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _s: None)
    once, got = serving(httpx.ReadError("gone"), httpx.Response(200))
    twice, sent = serving(httpx.ReadError("gone"), httpx.Response(202))

    with pytest.raises(Unavailable, match="does not answer"):
        once.change("POST", "/api/jobs/1/cancel", {})
    assert twice.change("POST", "/api/jobs", {}, "a-key").status_code == 202

    assert len(got) == 1
    assert [request.headers["Idempotency-Key"] for request in sent] == ["a-key"] * 2


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
def test_what_waiting_does_not_mend_is_not_tried_again(status):
    transport, got = serving(httpx.Response(status, json=PROBLEM))

    with pytest.raises(ThorError):
        transport.read("/api/quotes")

    assert len(got) == 1
