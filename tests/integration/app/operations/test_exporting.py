import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, update

from app.errors import Conflict, NotFound
from app.export.plan import ExportOptions
from app.export.purging import purge_day
from app.export.ticks import export_day
from app.lake.layout import BARS, TICKS
from app.lake.manifest import find_file, list_files
from app.lake.models import LakeFile
from app.operations.exporting import SessionExport, export_session, stale_exports
from app.ticks.models import Tick
from tests.counting import counting_afresh, scraped
from tests.factories import DAY, quote, quotes
from tests.fakes import FixedClock
from tests.ticks import CLOSE, LATER, store_quotes, trade

MARKET = "CME_Futures"
STALE = SessionExport(DAY, MARKET)


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
    assert stale_exports(rt) == []
    store_quotes(rt.sessions, [quote(seq=9)])

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []


def test_a_symbol_that_appears_late_makes_its_day_stale(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    store_quotes(rt.sessions, [quote(symbol="NQ")])

    assert stale_exports(rt) == [STALE]


def test_a_purged_day_is_stale_when_ticks_come_late_and_its_export_merges_them(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    purge_day(rt.sessions, rt.lake, DAY, LATER)
    assert stale_exports(rt) == []
    store_quotes(rt.sessions, quotes(4))

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []
    assert pq.read_metadata(rt.lake.ticks_file(DAY, "ES")).num_rows == 4


def test_a_day_that_no_export_would_mend_is_not_stale(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    with rt.sessions.begin() as session:
        session.execute(delete(Tick).where(Tick.seq == 1))

    assert stale_exports(rt) == []


def test_a_damaged_file_is_written_again(rt):
    store_quotes(rt.sessions, quotes(3))
    export_session(rt, MARKET, DAY)
    with rt.sessions.begin() as session:
        session.execute(update(LakeFile).values(damage="a bit flipped"))

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []


def test_a_damaged_file_of_one_symbol_keeps_no_other_from_its_bars_and_is_mended_by_the_next_export(rt):
    store_quotes(rt.sessions, [trade(i, 100, i, symbol=symbol) for symbol in ("RTY", "NQ") for i in range(90)])
    export_session(rt, MARKET, DAY)
    flip(rt.lake.ticks_file(DAY, "RTY"))
    store_quotes(rt.sessions, [trade(100 + i, 100, 100 + i, symbol="NQ") for i in range(3)])

    with pytest.raises(Conflict, match="symbol=RTY"):
        export_session(rt, MARKET, DAY)

    assert bar_ticks(rt, "NQ") == 93
    with rt.sessions() as session:
        assert find_file(session, TICKS, DAY, "RTY").damage.startswith("is damaged")
    assert stale_exports(rt) == [STALE]
    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []


def test_bars_that_are_older_than_their_ticks_make_their_day_stale(rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, MARKET, DAY)
    store_quotes(rt.sessions, [trade(100, 100, 100)])
    export_day(rt.sessions, rt.lake, DAY, LATER, ExportOptions(refresh=True))

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []
    assert bar_ticks(rt, "ES") == 91


def test_a_purged_day_is_stale_while_its_bars_are_older_than_what_was_merged(rt, clock):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, MARKET, DAY)
    purge_day(rt.sessions, rt.lake, DAY, LATER)
    store_quotes(rt.sessions, [trade(100, 100, 100)])
    clock.advance(timedelta(minutes=1))
    purge_day(rt.sessions, rt.lake, DAY, clock.now())

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []
    assert bar_ticks(rt, "ES") == 91


def test_a_day_exported_before_its_close_gets_the_rest_of_its_bars_after_it(rt, clock):
    clock.advance(CLOSE - timedelta(minutes=30) - LATER)
    store_quotes(rt.sessions, [trade(60 * i, 100, i) for i in range(22 * 60 + 31)])
    export_session(rt, MARKET, DAY)
    assert (stale_exports(rt), last_bars(rt)) == ([], ["19:00", "20:29", "20:25"])

    clock.advance(timedelta(minutes=30))

    assert stale_exports(rt) == [STALE]
    export_session(rt, MARKET, DAY)
    assert (stale_exports(rt), last_bars(rt)) == ([], ["20:00", "20:30", "20:30"])


def test_a_file_taken_before_the_close_makes_its_day_stale_after_it(rt, clock):
    clock.advance(CLOSE - timedelta(minutes=30) - LATER)
    store_quotes(rt.sessions, quotes(3))
    export_day(rt.sessions, rt.lake, DAY, clock.now())
    assert stale_exports(rt) == []

    clock.advance(timedelta(minutes=30))

    assert stale_exports(rt) == [STALE]
    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []


def test_a_day_purged_after_an_early_export_gets_the_rest_of_its_bars(rt, clock):
    clock.advance(CLOSE - timedelta(minutes=30) - LATER)
    store_quotes(rt.sessions, [trade(60 * i, 100, i) for i in range(22 * 60 + 31)])
    export_session(rt, MARKET, DAY)
    clock.advance(timedelta(hours=1))
    purge_day(rt.sessions, rt.lake, DAY, clock.now())

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert (stale_exports(rt), last_bars(rt)) == ([], ["20:00", "20:30", "20:30"])


def test_bars_that_were_found_damaged_make_their_day_stale(rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, MARKET, DAY)
    with rt.sessions.begin() as session:
        session.execute(update(LakeFile).where(LakeFile.kind == BARS).values(damage="a bit flipped"))

    assert stale_exports(rt) == [STALE]

    export_session(rt, MARKET, DAY)
    assert stale_exports(rt) == []


@pytest.mark.parametrize("spoil", [os.unlink, lambda path: flip(path)], ids=["missing", "damaged"])
def test_bars_of_purged_ticks_that_cannot_be_read_are_asked_for_once_at_most(rt, spoil):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, MARKET, DAY)
    purge_day(rt.sessions, rt.lake, DAY, LATER)
    with rt.sessions.begin() as session:
        session.execute(update(LakeFile).where(LakeFile.kind == BARS).values(damage="a bit flipped"))
    spoil(rt.lake.ticks_file(DAY, "ES"))

    with suppress(Conflict):
        export_session(rt, MARKET, DAY)

    assert stale_exports(rt) == []


def test_late_ticks_that_cannot_be_merged_keep_nobody_from_bars(rt):
    store_quotes(rt.sessions, [trade(i, 100, i, symbol=symbol) for symbol in ("CL", "NQ") for i in range(90)])
    export_day(rt.sessions, rt.lake, DAY, LATER)
    purge_day(rt.sessions, rt.lake, DAY, LATER)
    store_quotes(rt.sessions, [trade(100, 100, 100, symbol="CL")])
    flip(rt.lake.ticks_file(DAY, "CL"))

    with pytest.raises(Conflict, match="symbol=CL"):
        export_session(rt, MARKET, DAY)

    assert bar_ticks(rt, "NQ") == 90


def test_a_running_session_is_left_to_its_close(rt, clock):
    running = datetime(2025, 10, 10, 15, tzinfo=UTC)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date())])
    export_day(rt.sessions, rt.lake, running.date(), LATER)
    store_quotes(rt.sessions, [quote(ts=running, session_date=running.date(), seq=7)])
    assert stale_exports(rt) == []

    clock.advance(timedelta(hours=10))

    assert stale_exports(rt) == [SessionExport(running.date(), MARKET)]


def bar_ticks(rt, symbol):
    return pc.sum(pq.read_table(rt.lake.bars_file(DAY, symbol, "1h"), partitioning=None)["tick_count"]).as_py()


def last_bars(rt):
    with rt.sessions() as session:
        return [f"{row.max_ts:%H:%M}" for row in list_files(session, DAY, DAY + timedelta(days=1), BARS)]


def flip(path):
    whole = path.read_bytes()
    at = 60  # In the first page, of which the footer knows nothing.
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


@pytest.fixture
def clock():
    return FixedClock(LATER)


def test_an_export_is_counted_with_its_rows_and_bars(rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])

    with counting_afresh():
        export_session(rt, MARKET, DAY)
        with suppress(NotFound):
            export_session(rt, MARKET, DAY.replace(month=12, day=25))
        told = scraped()

    assert told["thor_export_duration_seconds_count", ("done",)] == 1
    assert told["thor_export_duration_seconds_count", ("refused",)] == 1
    assert told["thor_export_rows_total", ()] == 90
    assert told["thor_bars_written_total", ("1m",)] == 2
