from datetime import UTC, datetime
from itertools import islice

import httpx
import pytest

from app.access.roles import Role
from app.client.thor import Thor
from app.client.transport import Denied
from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.jobs.running import run_job
from app.jobs.watching import RunLimits
from tests.analyses import SteppedAnalysis
from tests.factories import quote
from tests.functional.publishing import TestSource
from tests.keyed_client import make_key
from tests.listed_rows import (
    add_alert,
    add_gap,
    add_ladder,
    add_letter,
    add_loss,
    add_partition,
    add_prediction,
    add_roll,
)
from tests.ticks import store_quotes

LIMITS = RunLimits(60.0, 4096)


@pytest.fixture
def thor_of(app, rt):
    """Makes a client with a role, or with none."""
    made = []

    def make(role=None, **told):
        key = make_key(rt, role) if role else None
        client = Thor("http://thor.test", key, transport=httpx.WSGITransport(app, remote_addr="192.0.2.7"), **told)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def thor(thor_of):
    return thor_of(Role.OPERATOR)


def test_a_key_tells_who_one_is_and_without_one_nothing_is_answered(thor, thor_of):
    assert (thor.me().kind, thor.me().role) == ("key", Role.OPERATOR)
    with pytest.raises(Denied, match="for this one must be viewer"):
        thor_of().quotes()
    with pytest.raises(Denied, match="must be operator"):
        thor_of(Role.VIEWER).set_watchlist(["ES"])
    with pytest.raises(Denied, match="must be admin"):
        next(thor.audit())
    assert next(thor_of(Role.ADMIN).audit(limit=1)).outcome == "refused"


def test_what_is_watched_is_read_and_set(thor):
    assert thor.set_watchlist(["NQ", "ES"]).symbols == ["NQ", "ES"]
    assert thor.watchlist().symbols == ["NQ", "ES"]
    with pytest.raises(Rejected, match=r"symbols\.0"):
        thor.set_watchlist(["??"])
    assert {"ES", "NQ"} <= {one.symbol for one in thor.instruments().instruments}


def test_the_market_is_asked_for_any_instant(thor):
    open_at = thor.session(at=datetime(2025, 10, 9, 15, 30, tzinfo=UTC))

    assert (open_at.status.value, open_at.session_date) == ("OPEN", "2025-10-09")
    assert thor.session("US_Equity", "2025-07-04T15:00:00Z").is_holiday
    with pytest.raises(Rejected, match="no market"):
        thor.session("Nowhere")


def test_ticks_come_as_an_exact_table(thor, sessions):
    store_quotes(sessions, [quote(seq=number, last=f"67{number:02d}.25") for number in range(1, 4)])

    table = thor.ticks("ES", datetime(2025, 10, 9, tzinfo=UTC), "2025-10-10T00:00:00Z", columns="seq,last")

    assert table.column_names == ["seq", "last"]
    assert [str(price.normalize()) for price in table["last"].to_pylist()] == ["6701.25", "6702.25", "6703.25"]
    assert thor.bars("ES", "5m", "2025-10-09T00:00:00Z", "2025-10-10T00:00:00Z").num_rows >= 0
    with pytest.raises(Rejected):
        thor.ticks("ES", "yesterday")


def test_an_analysis_is_asked_for_once_awaited_and_read(thor, rt, dispatch):
    asked = thor.submit_job(["ES", "NQ"], idempotency_key="morning-1", timeframe="2weeks")
    again = thor.submit_job(["ES", "NQ"], idempotency_key="morning-1", timeframe="2weeks")

    assert (asked.created, again.created, again.job.id) == (True, False, asked.job.id)
    with pytest.raises(Unavailable, match="pending"):
        thor.wait_for_job(asked.job.id, within_s=0)
    with pytest.raises(Conflict):
        thor.results(asked.job.id)
    run_job(rt, asked.job.id, LIMITS, worker="test", analyse=SteppedAnalysis())

    assert thor.wait_for_job(asked.job.id).status == "done"
    assert set(thor.results(asked.job.id).symbols) == {"ES", "NQ"}
    assert {signal.symbol for signal in thor.signals().signals} == {"ES", "NQ"}


def test_all_pages_of_analyses_are_read(thor):
    numbers = [thor.submit_job([symbol]).job.id for symbol in ("ES", "NQ", "CL")]

    assert [job.id for job in thor.jobs(limit=2)] == numbers[::-1]
    assert thor.cancel_job(numbers[0]).status == "cancelled"
    with pytest.raises(NotFound):
        thor.job(10**9)


def test_all_pages_of_every_list_are_read(thor, thor_of, rt):
    for number in range(1, 4):
        for add in (add_alert, add_loss, add_gap, add_letter, add_ladder, add_partition, add_roll):
            add(rt, number)
        add_prediction(rt, number)

    for read in (
        thor.alerts,
        thor.losses,
        thor.gaps,
        thor.dead_letters,
        thor.ladders,
        thor.partitions,
        thor.predictions,
    ):
        one_by_one = list(read(limit=1))
        assert (len(one_by_one), one_by_one) == (3, list(read())), read.__name__
    assert [roll.to_contract for roll in thor.rolls("ES", limit=1)] == ["ES3", "ES2", "ES1"]
    assert list(thor.alerts(rule="losses")) == []
    audit = thor_of(Role.ADMIN).audit
    assert list(audit(limit=1)) == list(audit())


def test_what_is_asked_for_stays_below_its_address(thor):
    for wrong in ("../../metrics", "a/b", "%2e%2e", "EXCEL?x=1"):
        with pytest.raises((NotFound, Rejected)):
            thor.order_collector(wrong, "start")


def test_quotes_are_followed_from_a_real_server_and_gone_on_with(web, bus, rt):
    with TestSource(bus) as source, Thor(web.url, make_key(rt, Role.VIEWER)) as thor:
        source.publish(1)
        newest = thor.quotes(["ES"])
        source.publish(5)

        first = list(islice(quotes_of(thor, newest.stream_id), 3))
        rest = list(islice(quotes_of(thor, first[-1].id), 2))

    assert newest.quotes[0].last == "6751.25"
    assert [event.data["volume"] for event in (*first, *rest)] == [2, 3, 4, 5, 6]


def quotes_of(thor, after):
    return (event for event in thor.stream(["ES"], after=after) if event.name == "quote")
