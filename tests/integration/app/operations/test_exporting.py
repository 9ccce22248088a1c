import os
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, update

from app.errors import NotFound
from app.export.purging import purge_day
from app.export.ticks import export_day
from app.lake.models import LakeFile
from app.operations.exporting import export_session, stale_days
from app.ticks.models import Tick
from tests.factories import DAY, quote, quotes
from tests.fakes import FixedClock
from tests.ticks import LATER, store_quotes, trade

MARKET = "CME_Futures"


def test_a_session_is_exported_with_its_bars(rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])

    done = export_session(rt, MARKET, DAY)

    assert done.counts()["ticks"] == 90
    assert pq.read_metadata(rt.lake.bars_file(DAY, "ES", "1m")).num_rows == 2


def test_what_a_killed_export_left_is_swept(rt):
    store_quotes(rt.sessions, quotes(1))
    left = rt.lake.root / ".staging/ticks@date=2020-01-02@symbol=NQ@ticks.parquet@0.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a file")
    os.utime(left, (0, 0))

    export_session(rt, MARKET, DAY)

    assert not left.exists()


def test_a_day_without_a_session_is_not_exported(rt):
    with pytest.raises(NotFound, match="no session on 2025-12-25"):
        export_session(rt, MARKET, DAY.replace(month=12, day=25))


def test_an_exported_day_is_stale_when_ticks_come_late_and_not_after_its_export(rt):
    store_quotes(rt.sessions, [*quotes(3), *quotes(3, session_date=DAY - timedelta(days=1))])
    export_session(rt, MARKET, DAY)
    assert stale_days(rt) == []
    store_quotes(rt.sessions, [quote(seq=9)])

    assert stale_days(rt) == [DAY]

    export_session(rt, MARKET, DAY)
    assert stale_days(rt) == []


def test_a_symbol_that_appears_late_makes_its_day_stale(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    store_quotes(rt.sessions, [quote(symbol="NQ")])

    assert stale_days(rt) == [DAY]


def test_a_purged_day_is_stale_when_ticks_come_late_and_its_export_merges_them(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    purge_day(rt.sessions, rt.lake, DAY, LATER)
    assert stale_days(rt) == []
    store_quotes(rt.sessions, quotes(4))

    assert stale_days(rt) == [DAY]

    export_session(rt, MARKET, DAY)
    assert stale_days(rt) == []
    assert pq.read_metadata(rt.lake.ticks_file(DAY, "ES")).num_rows == 4


def test_a_day_that_no_export_would_mend_is_not_stale(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    with rt.sessions.begin() as session:
        session.execute(delete(Tick).where(Tick.seq == 1))

    assert stale_days(rt) == []


def test_a_damaged_file_is_written_again(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    with rt.sessions.begin() as session:
        session.execute(update(LakeFile).values(damage="a bit flipped"))

    assert stale_days(rt) == [DAY]

    export_session(rt, MARKET, DAY)
    assert stale_days(rt) == []


def test_a_running_session_is_left_to_its_close(rt, clock):
    running = datetime(2025, 10, 10, 15, tzinfo=UTC)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date())])
    export_day(rt.sessions, rt.lake, running.date(), LATER)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date(), seq=7)])
    assert stale_days(rt) == []

    clock.advance(timedelta(hours=10))

    assert stale_days(rt) == [running.date()]


@pytest.fixture
def clock():
    return FixedClock(LATER)
