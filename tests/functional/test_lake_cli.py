import json
import re
from datetime import timedelta

import pytest

from app.lake.layout import TICKS
from app.lake.manifest import find_file
from app.operations.lake_checks import verify_files
from app.ticks.partitions import existing_partitions
from tests.factories import DAY, quote, quotes
from tests.fakes import FixedClock
from tests.ticks import LATER, store_quotes, trade

NEXT = DAY + timedelta(days=1)
ES = "ticks/date=2025-10-09/symbol=ES/ticks.parquet"
PURGE = ["purge-ticks", "--date=2025-10-09"]


def test_the_catalog_lists_files_and_what_waits_for_one(run, rt, exported):
    store_quotes(rt.sessions, quotes(2, symbol="YM"))

    result = run("lake")

    lines = [line.split() for line in result.stdout.splitlines() if "2025-10-09" in line]
    assert [line[1::2][:4] for line in lines] == [
        ["2025-10-09", "ES", "ticks", "5"],
        ["2025-10-09", "NQ", "ticks", "2"],
        ["2025-10-09", "YM", "ticks", "2"],
    ]
    assert "2 ticks are not exported yet" in result.stdout
    assert re.search(r"2 files of 1 day, 7 rows, \d+\.\d KB; 1 missing", result.stdout)
    assert result.exit_code == 0


def test_the_catalog_speaks_json(run, rt, exported):
    told = json.loads(run("lake", "--start=2025-10-09", "--end=2025-10-09", "--symbols=es", "--json").stdout)

    with rt.sessions() as session:
        row = find_file(session, TICKS, DAY, "ES")
    (partition,) = told["partitions"]
    assert (partition["state"], partition["rows"], partition["sha256"]) == ("exported", 5, row.sha256)
    assert partition["first_ts"] == "2025-10-09T15:30:00.000000Z"
    assert told["totals"] == {"files": 1, "days": 1, "rows": 5, "bytes": row.bytes, "missing": 0}


def test_the_catalog_says_when_there_is_more(run, exported):
    assert "There are more" in run("lake", "--limit=1").stdout


def test_a_sound_lake_is_verified(run, rt, exported):
    result = run("verify-lake")

    assert re.fullmatch(
        r"Verified 2 files: 2 sound \(\d+\.\d KB read\), 0 damaged, 0 missing, 0 unrecorded, 0 stale\n", result.stdout
    )
    assert (result.stderr, result.exit_code) == ("", 0)
    assert '"verified"' in run("lake", "--json").stdout


def test_everything_that_is_wrong_with_the_lake_is_listed(run, rt, exported):
    store_quotes(rt.sessions, [*quotes(3, symbol="YM"), *quotes(3, symbol="GC")])
    run("export-to-parquet", "--date=2025-10-09")
    flip(rt.lake.root / ES)
    rt.lake.ticks_file(DAY, "NQ").unlink()
    store_quotes(rt.sessions, [quote(symbol="YM", seq=9)])
    stray = rt.lake.root / "ticks/date=2025-10-09/symbol=ES/copy.parquet"
    stray.write_bytes(b"anything")

    result = run("verify-lake")

    problems = [line.partition(":")[0] for line in result.stderr.splitlines()]
    assert problems == [
        f"DAMAGED {ES}",
        f"MISSING {ES.replace('=ES', '=NQ')}",
        "UNRECORDED ticks/date=2025-10-09/symbol=ES/copy.parquet",
        f"STALE {ES.replace('=ES', '=YM')}",
    ]
    assert "Verified 4 files: 2 sound" in result.stdout
    assert "1 damaged, 1 missing, 1 unrecorded, 1 stale" in result.stdout
    assert result.exit_code == 3


def test_an_export_during_a_verification_is_no_false_alarm(run, rt, exported, monkeypatch):
    def verify_and_export(*arguments):
        yield from verify_files(*arguments)
        store_quotes(rt.sessions, [quote(seq=9), *quotes(3, symbol="ZZ")])
        run("export-to-parquet", "--date=2025-10-09", "--overwrite")

    monkeypatch.setattr("app.cli.lake.verify_files", verify_and_export)

    result = run("verify-lake")

    assert (result.stderr, result.exit_code) == ("", 0)
    assert "Verified 2 files: 2 sound" in result.stdout


def test_stale_bars_are_listed_with_what_mends_them(run, rt):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    run("export-to-parquet", "--date=2025-10-09")
    run("generate-bars", "--date=2025-10-09", "--timeframes=1m", "--at=2025-10-09T20:30:00Z")

    told, listed = run("verify-lake"), run("lake", "--kind=bars")

    assert told.stderr == (
        "STALE bars/date=2025-10-09/symbol=ES/bars_1m.parquet: it is older than its ticks: "
        "`flask generate-bars --date=2025-10-09`\n"
    )
    assert told.exit_code == 3
    assert "stale" in listed.stdout
    run("generate-bars", "--date=2025-10-09")
    assert run("verify-lake").exit_code == 0


def test_a_verification_speaks_json_and_the_catalog_remembers_it(run, rt, exported):
    flip(rt.lake.root / ES)

    result = run("verify-lake", "--json")

    told = json.loads(result.stdout)
    assert (told["files"], told["sound"], told["damaged"], result.exit_code) == (2, 1, 1, 3)
    assert [(found["path"], found["problem"]) for found in told["problems"]] == [(ES, "damaged")]
    assert told["problems"][0]["detail"].startswith("is damaged, it is not what was published: export 2025-10-09")
    (es, nq) = json.loads(run("lake", "--json").stdout)["partitions"]
    assert (es["state"], nq["state"]) == ("damaged", "verified")
    assert es["detail"] == told["problems"][0]["detail"]


def test_a_damaged_file_is_mended_by_the_next_export(run, rt, exported):
    flip(rt.lake.root / ES)
    run("verify-lake")

    result = run("export-to-parquet", "--date=2025-10-09")

    assert "Processing symbol ES: 5 ticks exported" in result.stdout
    assert run("verify-lake").exit_code == 0


def test_a_verification_keeps_to_its_scope(run, rt, exported):
    flip(rt.lake.root / ES)

    assert run("verify-lake", "--symbols=NQ").exit_code == 0
    assert run("verify-lake", "--end=2025-10-08").exit_code == 0
    assert run("verify-lake", "--start=2025-10-09", "--symbols=ES").exit_code == 3


def test_a_purge_tells_what_it_dropped(run, rt, exported):
    would, did, again = run(*PURGE, "--dry-run"), run(*PURGE), run(*PURGE)

    assert would.stdout.splitlines() == [
        "2025-10-09: would be purged, 7 ticks of 2 symbols, proved equal to the lake",
        "Would drop 7 ticks of 1 day",
    ]
    assert did.stdout.splitlines() == [
        "2025-10-09: purged, 7 ticks of 2 symbols, proved equal to the lake",
        "Dropped 7 ticks of 1 day",
    ]
    assert again.stdout.startswith("2025-10-09: nothing to purge")
    assert (would.exit_code, did.exit_code, again.exit_code) == (0, 0, 0)
    assert DAY not in partitions(rt)


def test_a_day_that_must_stay_is_refused_and_the_others_go_on(run, rt, exported):
    before = DAY - timedelta(days=1)
    store_quotes(rt.sessions, [trade(0, 1, 1, session_date=before)])

    result = run("purge-ticks", "--older-than-days=1", "--at=2025-10-13T00:00:00Z")

    assert result.stderr == (
        "2025-10-08: REFUSED, CME_Futures on 2025-10-08 is not certified: 2025-10-08 has no file of ES: "
        "export it first with `flask export-to-parquet --date=2025-10-08`\n"
    )
    assert "2025-10-09: purged" in result.stdout
    assert "Dropped 7 ticks of 1 day, 1 refused" in result.stdout
    assert result.exit_code == 3
    assert partitions(rt) >= {before}


def test_the_setting_decides_which_days_are_past(run, rt, exported):
    kept = run("purge-ticks", "--at=2025-12-08T18:00:00Z")
    purged = run("purge-ticks", "--at=2025-12-09T18:00:00Z")

    assert kept.stdout == "Dropped 0 ticks of 0 days\n"
    assert "2025-10-09: purged" in purged.stdout


def test_a_running_session_is_never_purged(run, rt, exported):
    result = run(*PURGE, "--at=2025-10-09T20:00:00Z")

    assert "REFUSED, the session of 2025-10-09 is not over" in result.stderr
    assert (result.exit_code, DAY in partitions(rt)) == (3, True)


def test_a_replay_of_a_purged_day_is_merged_and_doubles_nothing(run, rt, exported):
    run(*PURGE)
    store_quotes(rt.sessions, [*quotes(5), quote(seq=9)])

    assert "stale" in run("lake", "--symbols=ES").stdout
    result = run("export-to-parquet", "--date=2025-10-09")

    assert "Processing symbol ES: 1 of 6 late ticks were new and merged into its file" in result.stdout
    assert DAY not in partitions(rt)
    assert "purged" in run("lake", "--symbols=ES").stdout
    assert "2025-10-09 was purged: its files are in the lake" in run("export-to-parquet", "--date=2025-10-09").stdout
    backfilled = run("backfill-parquet", "--start=2025-10-09", "--end=2025-10-09", "--symbols=ES")
    assert backfilled.stdout == "2025-10-09: purged, its files are in the lake\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["lake", "--start=2025-10-09", "--end=2025-10-01"], "is after"),
        (["lake", "--start=yesterday"], "yesterday"),
        (["lake", "--symbols=*"], "a symbol is"),
        (["lake", "--kind=quotes"], "quotes"),
        (["lake", "--limit=0"], "0"),
        (["verify-lake", "--end=2025-02-30"], "2025-02-30"),
        (["verify-lake", "--symbols="], "no symbol is named"),
        (["purge-ticks", "--date=2025-10-09", "--older-than-days=3"], "exclude each other"),
        (["purge-ticks", "--older-than-days=0"], "0"),
        (["purge-ticks", "--date=tomorrow"], "tomorrow"),
        (["purge-ticks", "--at=noon"], "noon"),
        (["purge-ticks", "--date=2025-10-14"], "lies in the future"),
        (["purge-ticks", "--date=1999-10-14"], "outside the calendar"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line(run, rt, exported, arguments, reason):
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(rf"error: [^\n]*{re.escape(reason)}[^\n]*\n", result.stderr)
    assert DAY in partitions(rt)


@pytest.mark.parametrize("command", ["lake", "verify-lake", "purge-ticks"])
def test_help_shows_how_to_call_it(run, command):
    assert f"flask {command} --" in run(command, "--help").stdout


def flip(path):
    whole = path.read_bytes()
    at = len(whole) // 2
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def partitions(rt):
    with rt.sessions() as session:
        return existing_partitions(session)


@pytest.fixture
def exported(run, rt):
    store_quotes(rt.sessions, [*quotes(5), *quotes(2, symbol="NQ")])
    run("export-to-parquet", "--date=2025-10-09")


@pytest.fixture
def clock():
    return FixedClock(LATER)


@pytest.fixture
def run(runner):
    return lambda *arguments: runner.invoke(args=arguments)
