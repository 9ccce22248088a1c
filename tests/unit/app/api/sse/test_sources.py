import pytest

from app.api.sse import sources
from app.api.sse.client import Client
from app.api.sse.frames import ORIGIN
from app.api.sse.hub import EventHub, StreamLimits
from app.api.sse.mailbox import Mailbox
from app.api.sse.sources import Sighting, SourceNews
from tests.streams import FakeTail, event

BOTH = Sighting({"EXCEL": "streaming", "SCHWAB": "streaming"}, {"ES": "SCHWAB", "NQ": "SCHWAB"})
FAILED = Sighting({"EXCEL": "streaming", "SCHWAB": "failed"}, {"ES": "EXCEL", "NQ": "EXCEL"})


def test_a_client_is_told_at_once_how_the_sources_stand_and_what_of_its_symbols_is_displayed(client):
    SourceNews(lambda _symbols: BOTH).tell([client])

    assert client.mailbox.take(0) == (
        b'event: sources\ndata: {"sources":{"EXCEL":"streaming","SCHWAB":"streaming"},"displayed":{"ES":"SCHWAB"}}\n\n'
    )


def test_a_client_is_told_again_when_something_changes_and_only_then(client, monkeypatch):
    monkeypatch.setattr(sources, "LOOK_S", 0.0)
    seen = [BOTH, BOTH, FAILED]
    news = SourceNews(lambda _symbols: seen.pop(0))

    told = []
    for _ in range(3):
        news.tell([client])
        told.append(client.mailbox.take(0))

    assert [b"sources" in frame for frame in told] == [True, False, True]
    assert b'"SCHWAB":"failed"' in told[2]


def test_the_sources_are_looked_at_once_a_second_and_at_once_for_a_new_client(client):
    asked = []
    news = SourceNews(lambda symbols: asked.append(symbols) or BOTH)

    news.tell([client])
    news.tell([client])
    other = Client(Mailbox(frozenset({"NQ"}), 8), None)
    news.tell([client, other])

    assert asked == [{"ES"}, {"ES", "NQ"}]
    assert b'{"NQ":"SCHWAB"}' in other.mailbox.take(0)


def test_only_the_newest_of_what_was_not_taken_is_sent(client, monkeypatch):
    monkeypatch.setattr(sources, "LOOK_S", 0.0)
    seen = [BOTH, FAILED]
    news = SourceNews(lambda _symbols: seen.pop(0))

    news.tell([client])
    news.tell([client])

    assert client.mailbox.take(0).count(b"event: sources") == 1


def test_nobody_to_tell_is_no_reason_to_look():
    def look(_symbols):
        raise AssertionError("looked")

    SourceNews(look).tell([])


def test_looking_that_fails_is_logged_once_and_tried_again_later_also_for_new_clients(client, monkeypatch, caplog):
    tries = []

    def look(_symbols):
        tries.append(1)
        raise ZeroDivisionError("a fault")

    news = SourceNews(look)
    news.tell([client])
    news.tell([client])
    assert len(tries) == 1
    monkeypatch.setattr(news, "_due_at", 0.0)
    news.tell([client])

    assert (len(tries), caplog.text.count("clients cannot be told")) == (2, 1)


def test_the_hub_goes_on_with_quotes_whatever_is_wrong_with_the_sources():
    def look(_symbols):
        raise ZeroDivisionError("a fault")

    tail = FakeTail()
    hub = EventHub(tail, StreamLimits(), look)
    try:
        client = hub.join(None)
        hub.go_live(client)
        tail.publish(event(1))
        assert b"data: 1" in client.mailbox.take(10)
        assert hub.counters()["bus"] == "up"
    finally:
        hub.close()


def test_a_client_of_the_hub_is_told_without_any_quote():
    hub = EventHub(FakeTail(), StreamLimits(), lambda _symbols: BOTH)
    try:
        client = hub.join(frozenset({"ES"}))
        hub.go_live(client)
        assert client.mailbox.take(10).startswith(b"event: sources")
    finally:
        hub.close()


@pytest.fixture
def client():
    found = Client(Mailbox(frozenset({"ES"}), 8), None)
    found.mailbox.open(ORIGIN)
    return found
