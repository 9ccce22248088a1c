from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import sessionmaker

from app.export.ticks import ExportOptions, export_day
from app.lake.locks import file_lock
from app.operations.exporting import export_session
from app.operations.lake_checks import Scope, find_stale, find_strays, recorded_files, verify_files
from tests.factories import DAY, quote, quotes
from tests.fakes import FixedClock
from tests.ticks import LATER, store_quotes, trade
from tests.waiting import until

ES = "ticks/date=2025-10-09/symbol=ES/ticks.parquet"


def test_ticks_and_bars_are_verified_and_noted(rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, "CME_Futures", DAY)
    files = recorded_files(rt, Scope())

    findings = list(verify_files(rt, files))

    assert [(found.path.partition("/")[0], found.problem) for found in findings] == [
        ("ticks", None),
        *[("bars", None)] * 3,
    ]
    assert {row.verified_at for row in recorded_files(rt, Scope())} == {LATER}


def test_a_file_that_is_replaced_while_it_is_read_is_no_damage(rt, exported):
    files = recorded_files(rt, Scope())
    store_quotes(rt.sessions, [quote(seq=9)])
    export_day(rt.sessions, rt.lake, DAY, LATER, ExportOptions(refresh=True))

    (found,) = verify_files(rt, files)

    assert (found.problem, found.rows) == (None, 4)


def test_a_file_that_is_recorded_a_moment_after_it_stands_there_is_no_damage(rt, exported):
    files, path = recorded_files(rt, Scope()), rt.lake.root / ES
    watched = WatchedSessions(rt.sessions.kw["bind"])
    with ThreadPoolExecutor(1) as pool:
        with file_lock(rt.sessions, DAY, "ES"):
            whole = path.read_bytes()
            path.write_bytes(b"another file, not recorded yet")
            findings = pool.submit(lambda: list(verify_files(replace(rt, sessions=watched), files)))
            until(lambda: watched.opened)
            path.write_bytes(whole)
        (found,) = findings.result(30)

    assert found.problem is None
    assert recorded_files(rt, Scope())[0].damage is None


def test_only_files_within_the_scope_are_looked_at(rt, exported):
    stray = rt.lake.root / "bars/date=2025-10-10/symbol=NQ/bars_1m.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    odd = rt.lake.root / "ticks/old.parquet"
    odd.write_bytes(b"x")

    def strays(scope):
        return [found.path for found in find_strays(rt, scope, recorded_files(rt, scope))]

    assert strays(Scope()) == [rt.lake.relative(stray), "ticks/old.parquet"]
    assert strays(Scope(start=DAY, end=date(2025, 10, 10))) == []
    assert strays(Scope(start=date(2025, 10, 10))) == [rt.lake.relative(stray)]
    assert strays(Scope(symbols=["ES"])) == []


def test_the_running_session_is_not_stale(rt, clock):
    running = datetime(2025, 10, 10, 15, tzinfo=UTC)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date())])
    export_day(rt.sessions, rt.lake, running.date(), LATER)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date(), seq=5)])
    assert find_stale(rt, recorded_files(rt, Scope())) == []

    clock.advance(timedelta(days=1))

    (found,) = find_stale(rt, recorded_files(rt, Scope()))
    assert found.detail.startswith("1 ticks came after it was written")


class WatchedSessions(sessionmaker):
    """Sessions that tell when the first of them is asked for."""

    opened = False

    def __call__(self, **options):
        self.opened = True
        return super().__call__(**options)


@pytest.fixture
def exported(rt):
    store_quotes(rt.sessions, quotes(3))
    export_day(rt.sessions, rt.lake, DAY, LATER)


@pytest.fixture
def clock():
    return FixedClock(LATER)
