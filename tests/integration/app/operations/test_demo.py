from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest
from redis import Redis

from app.bus import keys
from app.bus.leases import acquire
from app.errors import Conflict
from app.market.markets import DEFAULT, Markets
from app.operations.closing import close_session
from app.operations.demo import DemoPlan, run_demo
from app.operations.mixing import refuse_real_data
from app.operations.wishes import want
from app.quotes import to_fields
from app.runtime import Runtime
from app.ticks.partitions import ensure_partitions
from app.ticks.store import COPY_COLUMNS, append_ticks
from tests.factories import DAY, MOMENT, quote
from tests.fakes import JOBS_GOOD_FRIDAY, METALS, FixedClock, RecordingDispatch


@pytest.mark.parametrize("source", ["EXCEL", "SCHWAB"])
def test_the_demo_refuses_a_database_with_quotes_of_a_real_source(rt: Runtime, source: str) -> None:
    _store(rt, source)

    with rt.sessions() as session, pytest.raises(Conflict, match=f"holds quotes of {source}"):
        refuse_real_data(session)


@pytest.mark.parametrize("source", ["REPLAY", "SIMULATED"])
def test_recorded_and_simulated_quotes_do_not_stop_the_demo(rt: Runtime, source: str) -> None:
    _store(rt, source)

    with rt.sessions() as session:
        refuse_real_data(session)


def test_the_demo_refuses_to_run_beside_a_real_source_that_is_wanted(rt: Runtime) -> None:
    want(rt, "EXCEL", "hours")

    with pytest.raises(Conflict, match="EXCEL is collected here"):
        run_demo(rt, DemoPlan(["ES"]), lambda _: None, Event())


def test_every_market_of_the_demo_is_exported_and_none_has_ticks_of_a_day_without_session(
    rt: Runtime, bus: Redis, running: Callable
) -> None:
    clock = FixedClock(datetime(2026, 4, 3, 16, tzinfo=UTC))
    dispatch = ClosingDispatch()
    stores = replace(rt, clock=clock, markets=Markets(clock=clock), dispatch=dispatch)
    dispatch.stores = stores

    with running():
        days = run_demo(stores, DemoPlan(["ES", "GC"], sessions=2, ticks_per_symbol=20), lambda _: None, Event())

    thursday = date(2026, 4, 2)
    assert days.published == {thursday: 40, JOBS_GOOD_FRIDAY: 20}
    closes = [("close_session", name, thursday) for name in (METALS, DEFAULT)]
    assert [sent for sent in dispatch.sent if sent[0] == "close_session"] == [
        *closes,
        ("close_session", DEFAULT, JOBS_GOOD_FRIDAY),
    ]


def test_a_close_whose_request_was_dropped_is_asked_for_again_and_no_other(
    rt: Runtime, running: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operations.demo.AGAIN_S", 0.0)
    clock = FixedClock(datetime(2026, 4, 2, 2, tzinfo=UTC))
    dispatch = ForgetfulDispatch()
    stores = replace(rt, clock=clock, markets=Markets(clock=clock), dispatch=dispatch)
    dispatch.stores = stores

    with running():
        run_demo(stores, DemoPlan(["ES", "GC"], sessions=1, ticks_per_symbol=20), lambda _: None, Event())

    closes = [sent[1] for sent in dispatch.sent if sent[0] == "close_session"]
    assert closes == [METALS, DEFAULT, METALS]


class ClosingDispatch(RecordingDispatch):
    """Has its sessions closed at once, and holds whatever source is to be collected."""

    stores: Runtime

    def close_session(self, market: str, day: date) -> None:
        super().close_session(market, day)
        close_session(self.stores, market, day)

    def start_collector(self, source: str) -> None:
        super().start_collector(source)
        acquire(self.stores.redis, keys.lease(source), keys.epoch(source))


class ForgetfulDispatch(ClosingDispatch):
    """Loses the first request of all."""

    def close_session(self, market: str, day: date) -> None:
        if self.sent:
            super().close_session(market, day)
        else:
            RecordingDispatch.close_session(self, market, day)


def _store(rt: Runtime, source: str) -> None:
    fields = to_fields(quote(source=source, ts=MOMENT + timedelta(seconds=1)))
    known = dict(zip(fields[::2], fields[1::2], strict=True))
    line = "\t".join(known.get(name, r"\N") for name in COPY_COLUMNS).encode() + b"\n"
    with rt.sessions.begin() as session:
        ensure_partitions(session, [DAY])
        append_ticks(session, [line])
