from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import sessionmaker

from app.export.ticks import ExportOptions, export_day
from app.lake.layout import TICKS
from app.lake.locks import file_lock
from app.lake.manifest import record_file
from app.operations.exporting import export_session
from app.operations.lake_checks import Scope, find_stale, find_strays, recorded_files, verify_files
from tests.factories import DAY, quote, quotes
from tests.fakes import FixedClock
from tests.lake_days import export_quotes
from tests.ticks import LATER, store_quotes, trade, write_ticks
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
        return [found.path for found in find_strays(rt, scope)]

    assert strays(Scope()) == [rt.lake.relative(stray), "ticks/old.parquet"]
    assert strays(Scope(start=DAY, end=date(2025, 10, 10))) == []
    assert strays(Scope(start=date(2025, 10, 10))) == [rt.lake.relative(stray)]
    assert strays(Scope(symbols=["ES"])) == []


def test_the_running_session_is_not_stale(rt, clock):
    running = datetime(2025, 10, 10, 15, tzinfo=UTC)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date())])
    export_day(rt.sessions, rt.lake, running.date(), LATER)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date(), seq=5)])
    assert find_stale(rt, Scope()) == []

    clock.advance(timedelta(days=1))

    (found,) = find_stale(rt, Scope())
    assert found.detail.startswith("1 ticks came after it was written")


def test_a_file_that_is_recorded_while_it_is_looked_at_is_no_stray(rt):
    facts = write_ticks(rt.lake, quotes(2))
    watched = WatchedSessions(rt.sessions.kw["bind"])
    with ThreadPoolExecutor(1) as pool:
        with file_lock(rt.sessions, DAY, "ES"):
            found = pool.submit(find_strays, replace(rt, sessions=watched), Scope())
            until(lambda: watched.opened > 1)
            with rt.sessions.begin() as session:
                record_file(session, TICKS, DAY, "ES", ES, facts, LATER)
        assert found.result(30) == []


def test_a_file_that_nobody_records_is_a_stray(rt):
    facts = write_ticks(rt.lake, quotes(2))

    (found,) = find_strays(rt, Scope())

    assert (found.path, found.problem, found.bytes) == (ES, "unrecorded", facts.bytes)


def test_a_link_to_nowhere_is_a_stray_without_bytes(rt, exported):
    link = rt.lake.root / "ticks/date=2025-10-09/symbol=ES/copy.parquet"
    link.symlink_to(rt.lake.root / "nowhere")

    (found,) = find_strays(rt, Scope())

    assert (found.path, found.problem, found.bytes) == (rt.lake.relative(link), "unrecorded", 0)


def test_a_file_that_is_brought_up_to_date_while_it_is_looked_at_is_not_stale(rt, exported):
    store_quotes(rt.sessions, [quote(seq=9)])
    watched = WatchedSessions(rt.sessions.kw["bind"])
    with ThreadPoolExecutor(1) as pool:
        with file_lock(rt.sessions, DAY, "ES"):
            found = pool.submit(find_stale, replace(rt, sessions=watched), Scope())
            until(lambda: watched.opened > 3)
            export_quotes(rt.sessions, rt.lake, [*quotes(3), quote(seq=9)])
        assert found.result(30) == []


def test_bars_that_are_older_than_their_ticks_are_stale(rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, "CME_Futures", DAY)
    store_quotes(rt.sessions, [trade(100, 100, 100)])
    assert [found.path for found in find_stale(rt, Scope())][:2] == [
        ES,
        "bars/date=2025-10-09/symbol=ES/bars_1h.parquet",
    ]

    export_day(rt.sessions, rt.lake, DAY, LATER, ExportOptions(refresh=True))

    stale = find_stale(rt, Scope())
    assert [found.path.rpartition("/")[2] for found in stale] == [f"bars_{name}.parquet" for name in ("1h", "1m", "5m")]
    assert stale[0].detail == ("it is older than its ticks: `flask generate-bars --date=2025-10-09`")


class WatchedSessions(sessionmaker):
    """Sessions that tell how many of them were asked for."""

    opened = 0

    def __call__(self, **options):
        self.opened += 1
        return super().__call__(**options)


@pytest.fixture
def exported(rt):
    store_quotes(rt.sessions, quotes(3))
    export_day(rt.sessions, rt.lake, DAY, LATER)


@pytest.fixture
def clock():
    return FixedClock(LATER)
