import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from shutil import copyfile

import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select, text

from app.errors import Conflict, Rejected, Unavailable
from app.export.plan import Action, ExportOptions, plan_day
from app.export.ticks import export_day, export_symbol
from app.history.hot_ticks import stream_ticks
from app.lake.inspection import labels_of
from app.lake.layout import BARS, TICKS, Lake
from app.lake.manifest import find_file, list_files, verify_file
from app.ticks.models import COLUMNS, Tick
from app.ticks.partitions import ensure_partitions
from tests.factories import DAY, quote, quotes
from tests.lake_days import record_bars
from tests.ticks import CLOSE, LATER, store_quotes
from tests.tree import ROOT

NEXT = DAY + timedelta(days=1)
OVERWRITE, REFRESH = ExportOptions(overwrite=True), ExportOptions(refresh=True)
UNRECORDED = ExportOptions(overwrite=True, recorded=False)
DEADLINE_S = 60
KILLS = 6
FILL = """
INSERT INTO ticks (symbol, source, seq, ts, recv_ts, session_date, ts_origin, last, bid, volume, trade, delayed)
SELECT :symbol, 'SIMULATED', i, timestamptz '2025-10-08 22:00+00' + i * interval '150 ms', now(), '2025-10-09',
    'exchange', 6700 + i % 97 * 0.25, 6699.75, i, i % 3 = 0, false
FROM generate_series(1, :count) AS i
"""
EXPORTER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from app.errors import Unavailable
from app.export.ticks import export_day
from app.lake.facts import file_digest
from app.lake.layout import Lake
sessions = sessionmaker(create_engine(sys.argv[1]))
try:
    lake = Lake(Path(sys.argv[2]))
    export_day(sessions, lake, date(2025, 10, 9), datetime(2025, 10, 10, 12, tzinfo=UTC))
    print(*(file_digest(file.path) for file in lake.ticks_files(date(2025, 10, 9), date(2025, 10, 10))))
except Unavailable as error:
    print(error)
"""


def test_every_cell_of_every_row_arrives_exactly(sessions, lake):
    prices = dict(zip(("last", "bid", "ask", "open", "high", "low", "close", "change"), ALL_PRICES, strict=True))
    empty = dict.fromkeys((*prices, "last_size", "bid_size", "ask_size", "volume", "contract"))
    store_quotes(
        sessions,
        [
            quote(seq=2**63 - 1, **prices, last_size=2**63 - 1, volume=0, bid_size=0, ask_size=1, delayed=True),
            quote(seq=3, **empty, trade=False, ts_origin="local", source="EXCEL"),
            quote(seq=2, contract='A,"b"', ts=quote().ts + timedelta(microseconds=1)),
            quote(seq=1, contract="NULL"),
            quote(seq=4, contract=r"\N"),
            quote(seq=5, contract="\\\\tab\there"),
            quote(seq=6, contract="line\nfeed\r"),
            quote(seq=7, contract=""),
            quote(seq=1, source="SCHWAB", recv_ts=datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ],
    )

    export_day(sessions, lake, DAY, LATER)

    assert rows_in(lake.ticks_file(DAY, "ES")) == rows_stored(sessions, "ES")


def test_each_symbol_of_the_day_gets_a_file_that_the_manifest_describes(sessions, lake):
    store_quotes(sessions, [*quotes(3), *quotes(2, symbol="NQ"), quote(symbol="ES", session_date=NEXT)])

    done = export_day(sessions, lake, DAY, LATER)

    assert [(export.plan.symbol, export.facts.rows) for export in done.symbols] == [("ES", 3), ("NQ", 2)]
    assert done.counts() == {
        "ticks": 5,
        "files": 2,
        "bytes": sum(export.facts.bytes for export in done.symbols),
        "skipped": 0,
        "stale": 0,
        "kept": 0,
    }
    with sessions() as session:
        recorded = list_files(session, DAY, NEXT)
    assert [(row.symbol, row.rows, row.written_at) for row in recorded] == [("ES", 3, LATER), ("NQ", 2, LATER)]
    assert [verify_file(lake, row) for row in recorded] == [lake.ticks_file(DAY, "ES"), lake.ticks_file(DAY, "NQ")]
    assert labels_of(lake.ticks_file(DAY, "ES"))["exported_at"] == "2025-10-10T12:00:00.000000Z"


def test_a_day_without_ticks_makes_no_file(sessions, lake):
    store_quotes(sessions, quotes(1))

    assert export_day(sessions, lake, NEXT, LATER).symbols == ()
    assert export_day(sessions, lake, DAY - timedelta(days=9000), LATER).symbols == ()
    assert list(lake.root.rglob("*.parquet")) == []


def test_only_the_symbols_asked_for_are_written(sessions, lake):
    store_quotes(sessions, [*quotes(3), *quotes(2, symbol="NQ")])

    export_day(sessions, lake, DAY, LATER, ExportOptions(["NQ"]))

    assert [file.symbol for file in lake.ticks_files(DAY, NEXT)] == ["NQ"]


def test_symbols_that_were_never_seen_are_named_and_nothing_is_written(sessions, lake):
    store_quotes(sessions, [quote(), quote(symbol="NQ", session_date=NEXT)])

    with pytest.raises(Rejected, match="no tick of XX, ESX is stored"):
        export_day(sessions, lake, DAY, LATER, ExportOptions(["ES", "XX", "ESX"]))

    assert export_day(sessions, lake, DAY, LATER, ExportOptions(["NQ"])).symbols == ()
    assert not lake.root.exists()


def test_a_complete_file_is_skipped_and_overwritten_on_demand(sessions, lake):
    store_quotes(sessions, quotes(3))
    export_day(sessions, lake, DAY, LATER)
    before = written(lake)

    assert actions(export_day(sessions, lake, DAY, LATER)) == [Action.SKIP]
    assert written(lake) == before

    assert export_day(sessions, lake, DAY, LATER, OVERWRITE).counts()["files"] == 1
    assert written(lake) != before


def test_a_file_taken_before_the_close_is_stale_after_it_until_it_is_refreshed(sessions, lake):
    early = CLOSE - timedelta(minutes=30)
    store_quotes(sessions, quotes(3))
    export_day(sessions, lake, DAY, early)
    over = {"closed_at": lambda _symbol, _day: CLOSE}

    assert actions(export_day(sessions, lake, DAY, LATER, REFRESH)) == [Action.SKIP]
    assert actions(export_day(sessions, lake, DAY, LATER, ExportOptions(**over))) == [Action.STALE]
    assert export_day(sessions, lake, DAY, LATER, ExportOptions(refresh=True, **over)).counts()["files"] == 1
    assert actions(export_day(sessions, lake, DAY, LATER, ExportOptions(**over))) == [Action.SKIP]


def test_a_file_is_newer_than_the_bars_made_of_the_one_before_it(sessions, lake):
    store_quotes(sessions, quotes(3))
    (first,) = export_day(sessions, lake, DAY, LATER).symbols
    record_bars(sessions, lake, DAY, first.facts, written_at=LATER + timedelta(seconds=9))

    export_day(sessions, lake, DAY, LATER, OVERWRITE)

    with sessions() as session:
        assert find_file(session, TICKS, DAY, "ES").written_at > find_file(session, BARS, DAY, "ES", "1m").written_at
        assert actions(export_day(sessions, lake, DAY, LATER)) == [Action.SKIP]


def test_ticks_that_come_late_make_a_file_stale_until_it_is_refreshed(sessions, lake):
    store_quotes(sessions, quotes(3))
    export_day(sessions, lake, DAY, LATER)
    store_quotes(sessions, quotes(2, first_seq=10))

    (stale,) = export_day(sessions, lake, DAY, LATER).symbols
    assert (stale.plan.action, stale.plan.rows, stale.plan.standing) == (Action.STALE, 5, 3)

    (fresh,) = export_day(sessions, lake, DAY, LATER, REFRESH).symbols
    assert fresh.facts.rows == 5
    assert actions(export_day(sessions, lake, DAY, LATER, REFRESH)) == [Action.SKIP]


@pytest.mark.parametrize("options", [ExportOptions(), OVERWRITE, REFRESH, UNRECORDED])
def test_a_file_that_holds_more_than_the_database_is_never_replaced(sessions, lake, options):
    store_quotes(sessions, quotes(3))
    export_day(sessions, lake, DAY, LATER)
    before = written(lake)
    with sessions.begin() as session:
        session.execute(delete(Tick).where(Tick.seq > 1))

    assert actions(export_day(sessions, lake, DAY, LATER, options)) == [Action.KEEP]
    assert written(lake) == before


@pytest.mark.parametrize("harm", ["cut", "unrecorded", "gone", "empty"])
def test_a_file_that_the_manifest_does_not_vouch_for_is_written_again(sessions, lake, harm):
    store_quotes(sessions, quotes(3))
    export_day(sessions, lake, DAY, LATER)
    path = lake.ticks_file(DAY, "ES")
    if harm == "unrecorded":
        with sessions.begin() as session:
            session.delete(find_file(session, TICKS, DAY, "ES"))
    elif harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: -10 if harm == "cut" else 0])

    assert export_day(sessions, lake, DAY, LATER).counts()["files"] == 1
    assert rows_in(path) == rows_stored(sessions, "ES")


def test_a_file_in_the_folder_of_another_symbol_is_replaced(sessions, lake):
    store_quotes(sessions, [*quotes(3), *quotes(2, symbol="NQ")])
    export_day(sessions, lake, DAY, LATER, ExportOptions(["ES"]))
    wrong = lake.ticks_file(DAY, "NQ")
    wrong.parent.mkdir(parents=True)
    copyfile(lake.ticks_file(DAY, "ES"), wrong)

    export_day(sessions, lake, DAY, LATER)

    assert rows_in(wrong) == rows_stored(sessions, "NQ")


def test_a_folder_beside_the_lake_gets_files_that_the_manifest_does_not_know(sessions, lake, tmp_path):
    store_quotes(sessions, quotes(3))
    own, options = Lake(tmp_path / "own"), ExportOptions(recorded=False)

    assert export_day(sessions, own, DAY, LATER, options).counts()["files"] == 1
    assert actions(export_day(sessions, own, DAY, LATER, options)) == [Action.SKIP]

    assert rows_in(own.ticks_file(DAY, "ES")) == rows_stored(sessions, "ES")
    with sessions() as session:
        assert list_files(session, DAY, NEXT) == []


def test_too_little_disk_space_is_refused_before_anything_is_written(sessions, lake):
    store_quotes(sessions, quotes(3))
    asked = []

    def little(place):
        asked.append(place)
        return 1 << 20

    with sessions() as session, pytest.raises(Conflict, match="has 1 MB free"):
        plan_day(session, lake, DAY, ExportOptions(), little)

    assert asked == [lake.root.parent]
    export_day(sessions, lake, DAY, LATER)
    with sessions() as session:
        assert [plan.action for plan in plan_day(session, lake, DAY, ExportOptions(), little)] == [Action.SKIP]


def test_two_exporters_write_a_file_once(sessions, lake):
    fill(sessions, "ES", 30_000)
    fill(sessions, "NQ", 30_000)

    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(export_day, sessions, lake, DAY, LATER) for _ in range(4)]
    done = [run.result() for run in runs]

    assert sum(run.counts()["files"] for run in done) == 2
    assert sum(run.counts()["skipped"] for run in done) == 6
    with sessions() as session:
        assert [verify_file(lake, row).exists() for row in list_files(session, DAY, NEXT)] == [True, True]


def test_eight_exporters_of_a_day_end_with_one_whole_file_per_symbol(sessions, lake, database_url):
    fill(sessions, "ES", 20_000)
    fill(sessions, "NQ", 20_000)
    command = [sys.executable, "-c", EXPORTER, database_url, str(lake.root)]

    exporters = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    told = [exporter.communicate(timeout=DEADLINE_S)[0].split() for exporter in exporters]

    assert [exporter.returncode for exporter in exporters] == [0] * 8
    with sessions() as session:
        recorded = list_files(session, DAY, NEXT)
        assert told == [[row.sha256 for row in recorded]] * 8
    assert [verify_file(lake, row).exists() for row in recorded] == [True, True]
    assert sorted(path.name for path in lake.root.rglob("*") if path.is_file()) == ["ticks.parquet"] * 2


def test_a_plan_that_another_exporter_overtook_is_decided_anew(sessions, lake):
    store_quotes(sessions, quotes(3))
    with sessions() as session:
        (plan,) = plan_day(session, lake, DAY, ExportOptions())
    store_quotes(sessions, quotes(1, first_seq=9))
    export_day(sessions, lake, DAY, LATER)

    done = export_symbol(sessions, lake, plan, LATER, ExportOptions())

    assert (done.plan.action, done.plan.rows) == (Action.SKIP, 4)


def test_killed_exporters_leave_no_file_in_sight_and_the_next_run_completes(sessions, lake, database_url):
    fill(sessions, "ES", 60_000)
    fill(sessions, "NQ", 60_000)

    for kill in range(KILLS):
        exporter = subprocess.Popen([sys.executable, "-c", EXPORTER, database_url, str(lake.root)], cwd=ROOT)
        wait_until_it_writes(exporter, lake)
        time.sleep(kill * 0.03)  # Each kill meets the export at another point.
        exporter.kill()
        exporter.wait(DEADLINE_S)

        for file in lake.root.rglob("*.parquet"):
            assert rows_in(file) == rows_stored(sessions, file.parent.name.removeprefix("symbol="))

    export_day(sessions, lake, DAY, LATER)
    assert [len(rows_in(file.path)) for file in lake.ticks_files(DAY, NEXT)] == [60_000, 60_000]
    assert list(lake.staging.iterdir()) == []
    with sessions() as session:
        assert [verify_file(lake, row).exists() for row in list_files(session, DAY, NEXT)] == [True, True]


def test_a_disk_that_fails_while_rows_arrive_ends_in_one_error(sessions, lake, database_url):
    fill(sessions, "ES", 200_000)

    exporter = subprocess.run(
        [sys.executable, "-c", EXPORTER, database_url, str(lake.root)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000)),
    )

    assert (exporter.stdout, exporter.stderr) == (f"cannot write under {lake.root}: File too large\n", "")
    assert [path for path in lake.root.rglob("*") if path.is_file()] == []


def test_a_database_that_goes_away_while_it_sends_leaves_no_file(sessions, lake):
    fill(sessions, "ES", 150_000)
    terminate = text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'COPY (SELECT%' AND pid <> pg_backend_pid()"
    )

    with sessions() as session:
        batches = stream_ticks(session, DAY, "ES")
        next(batches)
        with sessions() as other:
            assert other.scalars(terminate).all() == [True]

        with pytest.raises(Unavailable, match="PostgreSQL failed while it sent ES"):
            list(batches)

    assert export_day(sessions, lake, DAY, LATER).counts()["ticks"] == 150_000


def test_a_stream_that_is_given_up_frees_its_connection(sessions):
    fill(sessions, "ES", 60_000)
    with sessions() as session:
        batches = stream_ticks(session, DAY, "ES")
        next(batches)

        batches.close()

        assert session.scalar(text("SELECT 1")) == 1
        assert [batch.num_rows for batch in stream_ticks(session, DAY, "YM")] == []


EXTREME = Decimal("999999999.999999999")
ALL_PRICES = [*map(Decimal, ("0.0065325", "110.015625", "-37.63", "0", "1e-9", "1E+3")), EXTREME, -EXTREME]


def rows_in(path):
    return [tuple(row[name] for name in COLUMNS) for row in pq.read_table(path, partitioning=None).to_pylist()]


def rows_stored(sessions, symbol):
    query = select(*Tick.__table__.columns).where(Tick.symbol == symbol, Tick.session_date == DAY)
    with sessions() as session:
        return [tuple(row) for row in session.execute(query.order_by(Tick.ts, Tick.seq, Tick.source))]


def fill(sessions, symbol, count):
    with sessions.begin() as session:
        ensure_partitions(session, [DAY])
        session.execute(text(FILL), {"symbol": symbol, "count": count})


def actions(done):
    return [export.plan.action for export in done.symbols]


def written(lake):
    stat = lake.ticks_file(DAY, "ES").stat()
    return stat.st_ino, stat.st_mtime_ns


def wait_until_it_writes(exporter, lake):
    deadline = time.monotonic() + DEADLINE_S
    while exporter.poll() is None and not list(lake.staging.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
