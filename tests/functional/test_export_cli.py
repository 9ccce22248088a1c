import re
import subprocess
import sys
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, update

from app.lake.layout import BARS
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.ticks.models import Tick
from tests.factories import DAY, quotes
from tests.fakes import FixedClock
from tests.ticks import LATER, store_quotes, trade
from tests.tree import ROOT

NEXT = DAY + timedelta(days=1)
EXPORT = ["export-to-parquet", "--date=2025-10-09"]
BACKFILL = ["backfill-parquet", "--start=2025-10-09", "--end=2025-10-09"]


def test_an_export_tells_what_it_did(run, rt):
    store_quotes(rt.sessions, [*quotes(1203), *quotes(2, symbol="NQ")])

    result = run(*EXPORT)

    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "Starting export for 2025-10-09...",
        "Processing symbol ES: 1,203 ticks exported",
        "Processing symbol NQ: 2 ticks exported",
        "Export completed: 1,205 total ticks, 2 files created",
    ]
    assert re.fullmatch(r"Total size: \d+\.\d [KM]B compressed, export time: \d+\.\d seconds", lines[4])
    assert (len(lines), result.stderr, result.exit_code) == (5, "", 0)
    assert [file.symbol for file in rt.lake.ticks_files(DAY, NEXT)] == ["ES", "NQ"]


def test_a_second_export_skips_and_overwrite_does_not(run, rt):
    store_quotes(rt.sessions, quotes(3))
    run(*EXPORT)

    again, over = run(*EXPORT), run(*EXPORT, "--overwrite")

    assert "Processing symbol ES: skipped, its file holds all 3 ticks" in again.stdout
    assert "Export completed: 0 total ticks, 0 files created, 1 skipped" in again.stdout
    assert "Export completed: 3 total ticks, 1 file created" in over.stdout


def test_a_stale_file_is_told_on_standard_error(run, rt):
    store_quotes(rt.sessions, quotes(3))
    run(*EXPORT)
    store_quotes(rt.sessions, quotes(2, first_seq=9))

    result = run(*EXPORT)

    assert result.stderr == (
        "Processing symbol ES: STALE, 2 ticks came after its file was written: add --overwrite to write it again\n"
    )
    assert result.exit_code == 0
    assert pq.read_metadata(rt.lake.ticks_file(DAY, "ES")).num_rows == 3


def test_a_file_taken_before_the_close_is_told_after_it(run, rt):
    store_quotes(rt.sessions, quotes(3))
    run(*EXPORT, "--at=2025-10-09T20:30:00Z")

    before, after = run(*EXPORT, "--at=2025-10-09T20:45:00Z"), run(*EXPORT)

    assert "skipped" in before.stdout
    assert after.stderr == (
        "Processing symbol ES: STALE, its file was taken before the session's close: "
        "add --overwrite to write it again\n"
    )
    assert "Processing symbol ES: 3 ticks exported" in run(*EXPORT, "--overwrite").stdout
    assert "skipped" in run(*EXPORT).stdout


def test_bars_that_exist_follow_the_ticks_that_were_written_again(run, rt):
    store_quotes(
        rt.sessions, [trade(60 * i, 100, i, symbol=symbol) for symbol in ("ES", "NQ", "YM") for i in range(90)]
    )
    run(*EXPORT, "--symbols=ES,NQ")
    run("generate-bars", "--date=2025-10-09")
    store_quotes(rt.sessions, [trade(90 * 60, 100, 90)])

    result = run(*EXPORT, "--overwrite", "--symbols=ES,YM")

    assert "Processing symbol ES: made again, 91 1m, 19 5m, 2 1h bars" in result.stdout
    assert (result.stdout.count("made again"), result.exit_code) == (1, 0)
    assert pq.read_metadata(rt.lake.bars_file(DAY, "ES", "1m")).num_rows == 91
    assert run("verify-lake").exit_code == 0


def test_an_export_to_another_folder_leaves_the_bars_alone(run, rt, tmp_path):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    run(*EXPORT)
    run("generate-bars", "--date=2025-10-09")
    bars = rt.lake.bars_file(DAY, "ES", "1m").stat()

    assert run(*EXPORT, f"--output-dir={tmp_path / 'own'}").exit_code == 0

    assert rt.lake.bars_file(DAY, "ES", "1m").stat() == bars


def test_overwriting_a_file_that_holds_more_than_the_database_is_refused(run, rt):
    store_quotes(rt.sessions, quotes(3))
    run(*EXPORT)
    with rt.sessions.begin() as session:
        session.execute(delete(Tick).where(Tick.seq == 1))

    assert run(*EXPORT).exit_code == 0
    result = run(*EXPORT, "--overwrite")

    assert "kept, its file holds 3 ticks and PostgreSQL only 2" in result.stderr
    assert result.exit_code == 3


def test_a_range_includes_both_ends_and_explains_its_gaps(run, rt):
    days = [DAY - timedelta(days=6), DAY - timedelta(days=1), DAY]
    store_quotes(rt.sessions, [trade(0, 1, 1, session_date=day) for day in days])

    result = run("export-to-parquet", "--start=2025-10-03", "--end=2025-10-09", "--symbols=es")

    assert [file.day for file in rt.lake.ticks_files(DAY - timedelta(days=30), NEXT)] == days
    assert result.stdout.count("Starting export for") == 3
    assert "No session: 2025-10-04, 2025-10-05" in result.stdout
    assert "No ticks of ES are stored: 2025-10-06, 2025-10-07" in result.stdout
    assert "Export completed: 3 total ticks, 3 files created" in result.stdout


def test_a_backfill_tells_the_status_of_each_day(run, rt):
    days = [DAY - timedelta(days=6), DAY - timedelta(days=2), DAY - timedelta(days=1), DAY]
    store_quotes(rt.sessions, [trade(0, 1, 1, session_date=day) for day in days])
    run("export-to-parquet", "--start=2025-10-07", "--end=2025-10-08")
    store_quotes(rt.sessions, [trade(1, 1, 1, session_date=days[2])])

    result = run("backfill-parquet", "--start=2025-10-03", "--end=2025-10-09")

    assert result.stdout.splitlines()[:-1] == [
        "2025-10-03: exported, 1 tick in 1 file",
        "2025-10-04: no session",
        "2025-10-05: no session",
        "2025-10-06: no ticks",
        "2025-10-07: 1 skipped",
        "2025-10-08: 1 stale: add --overwrite to write what is stale again",
        "2025-10-09: exported, 1 tick in 1 file",
        "Export completed: 2 total ticks, 2 files created, 1 skipped, 1 stale",
    ]
    assert result.exit_code == 0


def test_a_backfill_goes_on_after_a_day_that_fails_and_tells_it_in_the_end(run, rt):
    store_quotes(rt.sessions, [trade(0, 1, 1, session_date=day) for day in (DAY, NEXT)])
    rt.lake.root.joinpath("ticks").mkdir(parents=True)
    (rt.lake.root / "ticks/date=2025-10-09").write_text("a file where a folder should be")

    result = run("backfill-parquet", "--start=2025-10-09", "--end=2025-10-10")

    assert result.stderr.startswith("2025-10-09: failed, cannot write under")
    assert "2025-10-10: exported, 1 tick in 1 file" in result.stdout
    assert result.exit_code == 1


def test_a_backfill_with_a_refused_day_ends_with_3(run, rt):
    store_quotes(rt.sessions, quotes(1))
    run("export-to-parquet", "--date=2025-10-09")
    with rt.sessions.begin() as session:
        session.execute(update(LakeFile).values(purged_at=LATER, sha256="0" * 64))

    result = run("backfill-parquet", "--start=2025-10-09", "--end=2025-10-10")

    assert result.stderr.startswith("2025-10-09: failed, ")
    assert "restore it from a backup" in result.stderr
    assert "2025-10-10: no ticks" in result.stdout
    assert result.exit_code == 3


@pytest.mark.parametrize("spoil", ["unlink", "age"])
def test_a_backfill_makes_bars_again_that_are_missing_or_old(run, rt, spoil):
    store_quotes(rt.sessions, [trade(60 * i, 100, i, symbol=symbol) for symbol in ("ES", "NQ") for i in range(90)])
    run(*EXPORT)
    run("generate-bars", "--date=2025-10-09")
    if spoil == "unlink":
        rt.lake.bars_file(DAY, "NQ", "5m").unlink()
    else:
        with rt.sessions.begin() as session:
            of_nq = (LakeFile.kind == BARS, LakeFile.symbol == "NQ")
            session.execute(update(LakeFile).where(*of_nq).values(written_at=LATER - timedelta(hours=1)))

    result = run(*BACKFILL)

    assert result.stdout.splitlines()[0] == "2025-10-09: 2 skipped, bars of NQ made again"
    assert run("verify-lake").exit_code == 0
    assert run(*BACKFILL).stdout.splitlines()[0] == "2025-10-09: 2 skipped"


def test_purged_files_that_are_gone_are_told_and_refused(run, rt):
    store_quotes(rt.sessions, [trade(i, 100, i, symbol=symbol) for symbol in ("ES", "NQ", "YM") for i in range(90)])
    run(*EXPORT)
    run("generate-bars", "--date=2025-10-09")
    run("purge-ticks", "--date=2025-10-09")
    rt.lake.ticks_file(DAY, "ES").unlink()
    rt.lake.ticks_file(DAY, "NQ").write_bytes(b"cut")
    rt.lake.bars_file(DAY, "ES", "1m").unlink()
    rt.lake.bars_file(DAY, "YM", "1m").unlink()

    exported, filled, other = run(*EXPORT), run(*BACKFILL), run(*BACKFILL, "--symbols=YM")

    loss = "2025-10-09: ES is missing, NQ is damaged, and PostgreSQL no longer has the ticks: restore from a backup\n"
    assert (exported.stdout, exported.stderr, exported.exit_code) == ("", loss, 3)
    assert (filled.stdout, filled.stderr, filled.exit_code) == ("2025-10-09: bars of YM made again\n", loss, 3)
    assert (other.stdout, other.exit_code) == ("2025-10-09: purged, its files are in the lake\n", 0)


def test_late_ticks_of_a_purged_file_that_is_gone_are_refused(run, rt):
    store_quotes(rt.sessions, quotes(3))
    run(*EXPORT)
    run("purge-ticks", "--date=2025-10-09")
    rt.lake.ticks_file(DAY, "ES").unlink()
    store_quotes(rt.sessions, quotes(2, first_seq=9))

    exported, filled = run(*EXPORT), run(*BACKFILL)

    assert "restore it from a backup" in exported.stderr
    assert "2025-10-09: failed, " in filled.stderr
    assert (exported.exit_code, filled.exit_code) == (3, 3)


@pytest.mark.parametrize(
    ("day", "line"), [("2025-10-04", "No session: 2025-10-04"), ("2025-10-09", "No ticks are stored: 2025-10-09")]
)
def test_a_day_without_anything_to_export_is_explained(run, rt, day, line):
    result = run("export-to-parquet", f"--date={day}")

    assert (result.stdout, result.exit_code) == (f"{line}\n", 0)
    assert not rt.lake.root.exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["export-to-parquet"], "no day is named"),
        (["export-to-parquet", "--date=2025-02-30"], "2025-02-30"),
        (["export-to-parquet", "--date=2025-10-14"], "lies in the future"),
        (["export-to-parquet", "--date=2025-10-09", "--start=2025-10-01"], "exclude each other"),
        (["export-to-parquet", "--start=2025-10-09", "--end=2025-10-01"], "is after"),
        (["backfill-parquet", "--start=2025-10-09", "--end=2099-01-01"], "3,660"),
        (["backfill-parquet", "--start=2025-10-09", "--end=2026-01-01"], "lies in the future"),
        ([*EXPORT, "--symbols=ES,XX"], "no tick of XX is stored"),
        ([*EXPORT, "--symbols=*"], "a symbol is"),
        ([*EXPORT, "--symbols="], "no symbol is named"),
        ([*EXPORT, "--output-dir=/dev/null"], "is a file"),
        ([*EXPORT, "--output-dir=../x"], "plainly"),
        ([*EXPORT, "--at=noon"], "noon"),
        (["export-to-parquet", "--date=0001-01-01"], "outside the calendar"),
        (["generate-bars", "--date=2025-10-9"], "2025-10-9"),
        (["generate-bars", "--date=2025-10-14"], "lies in the future"),
        (["generate-bars", "--date=2025-10-09", "--timeframes=2m"], "1m, 5m, 1h"),
        (["generate-bars", "--date=2025-10-09", "--timeframes="], "no timeframe"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_changes_nothing(run, rt, arguments, reason):
    store_quotes(rt.sessions, quotes(3))

    result = run(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(rf"error: [^\n]*{re.escape(reason)}[^\n]*\n", result.stderr)
    assert not rt.lake.root.exists()


def test_another_folder_gets_the_same_layout(run, rt, tmp_path):
    store_quotes(rt.sessions, quotes(3))

    result = run(*EXPORT, f"--output-dir={tmp_path / 'own'}")

    assert result.exit_code == 0
    assert (tmp_path / "own/ticks/date=2025-10-09/symbol=ES/ticks.parquet").is_file()
    assert not rt.lake.root.exists()
    with rt.sessions() as session:
        assert list_files(session, DAY, NEXT) == []


def test_at_decides_what_lies_in_the_future(run, rt):
    result = run("export-to-parquet", "--date=2025-10-09", "--at=2025-10-01T00:00:00Z")

    assert "lies in the future" in result.stderr


def test_bars_are_generated_from_the_lake(run, rt):
    store_quotes(rt.sessions, [trade(60 * i, 100, i) for i in range(90)])
    run(*EXPORT)

    result = run("generate-bars", "--date=2025-10-09", "--timeframes=5m,1m")

    lines = result.stdout.splitlines()
    assert lines[:2] == ["Generating bars for 2025-10-09...", "Processing symbol ES: 90 1m, 18 5m bars"]
    assert re.fullmatch(r"Bars completed: 108 bars, 2 files created, time: \d+\.\d seconds", lines[2])
    with rt.sessions() as session:
        assert [row.timeframe for row in list_files(session, DAY, NEXT, BARS)] == ["1m", "5m"]


def test_a_symbol_without_bars_is_told_after_the_others_have_theirs(run, rt):
    store_quotes(rt.sessions, [trade(60 * i, 100, i, symbol=symbol) for symbol in ("CL", "ES") for i in range(90)])
    run(*EXPORT)
    rt.lake.ticks_file(DAY, "CL").write_bytes(b"cut")

    result = run("generate-bars", "--date=2025-10-09")

    assert "Processing symbol ES: 90 1m, 18 5m, 2 1h bars" in result.stdout
    assert "Bars completed: 110 bars, 3 files created" in result.stdout
    assert result.stderr.startswith("error: 1 of 2 symbols got no bars: ")
    assert "symbol=CL" in result.stderr
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("day", "line"),
    [
        ("2025-10-04", "No session: 2025-10-04"),
        ("2025-10-09", "No ticks in the lake, export them first with `flask export-to-parquet`: 2025-10-09"),
    ],
)
def test_a_day_without_ticks_in_the_lake_is_explained(run, day, line):
    result = run("generate-bars", f"--date={day}")

    assert (result.stdout, result.exit_code) == (f"{line}\n", 0)


@pytest.mark.parametrize("command", ["export-to-parquet", "backfill-parquet", "generate-bars"])
def test_help_shows_how_to_call_it(run, command):
    result = run(command, "--help")

    assert f"flask {command} --" in result.stdout


def test_the_command_line_starts_without_what_reads_files_analyses_them_or_migrates_tables():
    heavy = {"pyarrow", "duckdb", "pandas", "polars", "scipy", "sklearn", "talib", "alembic"}
    script = f"import app.factory, sys; print({heavy} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert answer.stdout == "set()\n"


@pytest.fixture
def clock():
    return FixedClock(LATER)


@pytest.fixture
def run(runner):
    return lambda *arguments: runner.invoke(args=arguments)
