"""Excel and Schwab at once: one is displayed, the other carries on when it fails, and who says otherwise is told."""

from datetime import timedelta

import pytest

from app.api.answers import QuotesAnswer
from app.bus import keys
from app.clock import SystemClock
from app.operations.agreement import compare_sources
from tests.factories import MOMENT
from tests.fakes import FixedClock
from tests.functional.sse import SseClient
from tests.live_sources import LiveSource


def test_the_preferred_source_is_displayed_and_both_are_told_with_what_sets_them_apart(client, excel, schwab):
    schwab.quote("6710", age_s=1)
    excel.quote("6709.75", age_s=0.25)

    answer = client.get("/api/quotes?symbols=ES").json

    QuotesAnswer.model_validate(answer, strict=True, extra="forbid")
    [shown] = answer["quotes"]
    assert (shown["source"], shown["bid"], shown["age_ms"], shown["disagrees"]) == ("SCHWAB", "6710", 1000, [])
    assert shown["sources"] == [
        {
            "source": "EXCEL",
            "ts": "2025-10-09T15:29:59.750000Z",
            "age_ms": 250,
            "state": "live",
            "contract": "ESZ25",
            "last": "6709.75",
            "bid": "6709.75",
            "ask": "6710.00",
            "delayed": False,
            "mid_difference_ticks": "-1",
            "lag_ms": -750,
            "agrees": True,
        },
        {
            "source": "SCHWAB",
            "ts": "2025-10-09T15:29:59.000000Z",
            "age_ms": 1000,
            "state": "live",
            "contract": "ESZ25",
            "last": "6710",
            "bid": "6710",
            "ask": "6710.25",
            "delayed": False,
            "mid_difference_ticks": None,
            "lag_ms": 0,
            "agrees": None,
        },
    ]


def test_when_the_displayed_source_dies_the_other_carries_on_and_every_view_says_so(client, runner, excel, schwab):
    schwab.quote("6710")
    excel.quote("6709")
    schwab.die()

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]
    checks = {check["name"]: check for check in client.get("/api/health/ready").json["checks"]}
    status = runner.invoke(args=["status"]).output

    assert (shown["source"], shown["state"], shown["bid"]) == ("EXCEL", "live", "6709")
    assert {one["source"]: one["state"] for one in shown["sources"]} == {"EXCEL": "live", "SCHWAB": "no_source"}
    assert [one["agrees"] for one in shown["sources"]] == [None, None]
    assert "SCHWAB is not there as usual (failed)" in checks["agreement"]["detail"]
    assert checks["agreement"]["ok"]
    assert "EXCEL carries on" in status.replace("\n", " ")


def test_a_source_that_comes_back_is_displayed_after_ten_good_seconds(client, clock, bus, excel, schwab):
    schwab.quote("6710")
    schwab.die()
    back = LiveSource(bus, "SCHWAB", clock)

    seen = []
    for steady_s in (None, 0, 9.9, 10, None, 3):
        back.tell(steady_s)
        back.quote("6710")
        excel.quote("6710")
        [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]
        seen.append(shown["source"])

    assert seen == ["EXCEL", "EXCEL", "EXCEL", "SCHWAB", "EXCEL", "EXCEL"]


def test_a_source_that_falls_silent_about_one_symbol_gives_way_for_that_symbol_alone(client, clock, bus, excel, schwab):
    for source in (excel, schwab):
        source.quote("6710")
        source.quote("118", symbol="ZB")
    clock.advance(timedelta(seconds=20))
    left_ms = int((clock.now() - timedelta(seconds=16)).timestamp() * 1000)
    bus.hset(keys.by_source("SCHWAB", "ES"), "behind", f"{left_ms}-0")
    excel.quote("6711")

    es, zb = client.get("/api/quotes?symbols=ES,ZB").json["quotes"]

    assert (es["source"], zb["source"]) == ("EXCEL", "SCHWAB")
    assert es["sources"][1]["lag_ms"] == 20_000


def test_sources_that_differ_for_thirty_seconds_disagree(client, rt, clock, bus, excel, schwab):
    seen = []
    for _ in range(4):
        schwab.quote("6710")
        excel.quote("6700")
        bus.delete(keys.asked("compare-sources"))
        compare_sources(rt, rt.display_rule)
        [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]
        opinion = shown["sources"][0]
        seen.append((opinion["mid_difference_ticks"], opinion["agrees"], shown["disagrees"]))
        clock.advance(timedelta(seconds=15))

    assert seen == [*[("-40", False, [])] * 2, *[("-40", False, ["EXCEL"])] * 2]


def test_delayed_quotes_are_shown_beside_live_ones_and_not_compared(client, excel, schwab):
    schwab.quote("6710", delayed=True)
    excel.quote("6700")

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]

    assert (shown["source"], shown["delayed"], shown["state"]) == ("EXCEL", False, "live")
    assert [one["state"] for one in shown["sources"]] == ["live", "delayed"]
    assert [(one["delayed"], one["agrees"]) for one in shown["sources"]] == [(False, None), (True, None)]


def test_a_source_that_does_not_collect_a_symbol_any_more_is_not_displayed_for_it(client, rt, bus, excel, schwab):
    for symbol in ("ES", "NQ"):
        schwab.quote("6710", symbol=symbol)
        excel.quote("6700", symbol=symbol)
    bus.hset(keys.health("SCHWAB"), "symbols", "CL,ES")

    shown = client.get("/api/quotes?symbols=ES,NQ").json["quotes"]
    differing = compare_sources(rt, rt.display_rule)

    assert [(one["source"], one["state"], one["sources"][1]["state"]) for one in shown] == [
        ("SCHWAB", "live", "live"),
        ("EXCEL", "live", "no_source"),
    ]
    assert [one.symbol for one in differing] == ["ES"]


@pytest.mark.parametrize(("age_s", "expected"), [(0, "delayed"), (15, "delayed"), (16, "delayed")])
def test_a_delayed_quote_is_never_live(client, schwab, age_s, expected):
    schwab.quote("6710", age_s=age_s, delayed=True)

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]

    assert (shown["state"], shown["sources"][0]["state"]) == (expected, expected)


@pytest.mark.parametrize(("came_s", "expected"), [(15, "live"), (16, "stale")])
def test_a_clock_that_is_ahead_keeps_no_quote_live_that_came_long_ago(client, clock, bus, excel, came_s, expected):
    excel.quote("6710", age_s=-120)
    came_ms = int((clock.now() - timedelta(seconds=came_s)).timestamp() * 1000)
    bus.hset(keys.by_source("EXCEL", "ES"), "stream_id", f"{came_ms}-0")

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]

    assert (shown["state"], shown["age_ms"]) == (expected, -120_000)


def test_a_frozen_source_whose_clock_is_ahead_gives_way_as_any_other(client, clock, bus, excel, schwab):
    excel.quote("6709")
    schwab.quote("6710", age_s=-120)
    clock.advance(timedelta(seconds=21))
    for seconds, field in ((21, "stream_id"), (16, "behind")):
        at_ms = int((clock.now() - timedelta(seconds=seconds)).timestamp() * 1000)
        bus.hset(keys.by_source("SCHWAB", "ES"), field, f"{at_ms}-0")
    excel.quote("6711")

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]

    assert (shown["source"], shown["state"], shown["bid"]) == ("EXCEL", "live", "6711")


def test_a_stream_client_is_told_who_is_displayed_and_who_failed_and_gets_the_quotes_of_both(web, bus):
    clock = SystemClock()
    excel, schwab = LiveSource(bus, "EXCEL", clock), LiveSource(bus, "SCHWAB", clock)
    for source in (excel, schwab):
        source.quote("6710")
    with SseClient(f"{web.url}/api/quotes/stream?symbols=ES,NQ") as client:
        client.wait(lambda c: bool(c.named("sources")))
        for source in (schwab, excel):
            source.quote("6711")
        client.wait(lambda c: len(c.quotes()) == 2)
        schwab.die()
        client.wait(lambda c: len(c.named("sources")) > 1, deadline_s=10)
        last_id = client.last_id

    first, last = client.named("sources")[0], client.named("sources")[-1]
    assert first.data["sources"] == {"EXCEL": "streaming", "SCHWAB": "streaming"}
    assert last.data["sources"] == {"EXCEL": "streaming", "SCHWAB": "failed"}
    assert last.data["displayed"] == {"ES": "EXCEL"}  # In a closed market too: its quote is the newest.
    assert [quote.data["source"] for quote in client.quotes()] == ["SCHWAB", "EXCEL"]
    assert last_id == bus.xrevrange(keys.STREAM, count=1)[0][0]


@pytest.fixture
def clock():
    return FixedClock(MOMENT)


@pytest.fixture
def excel(bus, clock):
    return LiveSource(bus, "EXCEL", clock)


@pytest.fixture
def schwab(bus, clock):
    return LiveSource(bus, "SCHWAB", clock)
