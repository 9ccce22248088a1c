from datetime import timedelta
from shutil import copyfile

import pyarrow.parquet as pq
import pytest

from app.errors import Conflict
from app.export.bars import BarRun, generate_bars
from app.export.ticks import export_day
from app.lake.layout import BARS, TICKS, Lake
from app.lake.manifest import find_file, list_files, mark_purged, verify_file
from app.lake.schemas import BAR_FILE
from tests.factories import DAY
from tests.lake_days import export_quotes
from tests.ticks import CLOSE, LATER, MARKETS, OPEN, store_quotes, trade, write_ticks

NEXT = DAY + timedelta(days=1)


def test_bars_of_every_symbol_and_timeframe_are_written_and_recorded(sessions, lake):
    store_quotes(sessions, session_of("ES") + session_of("NQ"))
    export_day(sessions, lake, DAY, LATER)

    made = generate_bars(sessions, lake, MARKETS, DAY, LATER)

    assert [(bars.symbol, bars.rows) for bars in made] == [
        (name, {"1m": 90, "5m": 18, "1h": 2}) for name in ("ES", "NQ")
    ]
    with sessions() as session:
        recorded = list_files(session, DAY, NEXT, BARS)
    assert [(row.symbol, row.timeframe, row.rows) for row in recorded] == [
        (symbol, timeframe, rows) for symbol in ("ES", "NQ") for timeframe, rows in (("1h", 2), ("1m", 90), ("5m", 18))
    ]
    assert [verify_file(lake, row) for row in recorded[:3]] == [
        lake.bars_file(DAY, "ES", name) for name in ("1h", "1m", "5m")
    ]
    assert (recorded[1].min_ts, recorded[1].max_ts) == (OPEN, OPEN + timedelta(minutes=89))
    assert pq.read_schema(lake.bars_file(DAY, "ES", "1m")).equals(BAR_FILE.columns)


def test_bars_need_the_lake_and_not_the_tick_table(sessions, lake):
    write_ticks(lake, session_of("ES"))

    assert generate_bars(sessions, lake, MARKETS, DAY, LATER, ["5m"])[0].rows == {"5m": 18}
    assert not lake.bars_file(DAY, "ES", "1m").exists()


def test_bars_are_made_again_from_ticks_that_came_later(sessions, lake):
    write_ticks(lake, session_of("ES")[:10])
    generate_bars(sessions, lake, MARKETS, DAY, LATER)

    write_ticks(lake, session_of("ES"))
    generate_bars(sessions, lake, MARKETS, DAY, LATER)

    assert pq.read_metadata(lake.bars_file(DAY, "ES", "1m")).num_rows == 90


def test_a_running_session_has_bars_up_to_its_export(sessions, lake):
    exported_at, now = OPEN + timedelta(minutes=40, seconds=30), OPEN + timedelta(minutes=70)
    write_ticks(lake, session_of("ES")[:41], taken_at=exported_at)

    (bars,) = generate_bars(sessions, lake, MARKETS, DAY, now)

    assert bars.rows == {"1m": 40, "5m": 8, "1h": 0}
    assert not lake.bars_file(DAY, "ES", "1h").exists()


def test_only_the_symbols_asked_for_get_bars(sessions, lake):
    write_ticks(lake, session_of("ES"))
    write_ticks(lake, session_of("NQ"))

    assert [bars.symbol for bars in generate_bars(sessions, lake, MARKETS, DAY, LATER, ["1h"], ["NQ", "YM"])] == ["NQ"]
    assert [file.symbol for file in BarRun(sessions, lake, MARKETS, DAY, LATER).files()] == ["ES", "NQ"]


def test_a_lake_without_ticks_has_no_bars(sessions, lake):
    assert generate_bars(sessions, lake, MARKETS, DAY, LATER) == []


@pytest.mark.parametrize("recorded", [True, False])
def test_no_bars_are_made_of_damaged_ticks(sessions, lake, recorded):
    if recorded:
        store_quotes(sessions, session_of("ES"))
        export_day(sessions, lake, DAY, LATER)
    else:
        write_ticks(lake, session_of("ES"))
    path = lake.ticks_file(DAY, "ES")
    column = pq.read_metadata(path).row_group(0).column(8)
    at = column.dictionary_page_offset + column.total_compressed_size - 30
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])

    with pytest.raises(Conflict):
        generate_bars(sessions, lake, MARKETS, DAY, LATER)

    assert lake.bars_files("1m", DAY, NEXT) == []


def test_no_bars_are_made_of_ticks_in_the_folder_of_another_symbol(sessions, lake):
    write_ticks(lake, session_of("ES"))
    wrong = lake.ticks_file(DAY, "NQ")
    wrong.parent.mkdir(parents=True)
    copyfile(lake.ticks_file(DAY, "ES"), wrong)

    with pytest.raises(Conflict, match="does not hold NQ"):
        generate_bars(sessions, lake, MARKETS, DAY, LATER, symbols=["NQ"])


def test_files_that_refuse_are_noted_and_named_in_the_end_and_the_others_get_their_bars(sessions, lake):
    for symbol in ("CL", "ES", "GC", "NQ"):
        export_quotes(sessions, lake, session_of(symbol))
    for symbol in ("CL", "GC"):
        lake.ticks_file(DAY, symbol).write_bytes(b"anything else")

    with pytest.raises(Conflict, match=r"2 of 4 symbols got no bars.*symbol=CL.*symbol=GC"):
        generate_bars(sessions, lake, MARKETS, DAY, LATER)

    assert [file.symbol for file in lake.bars_files("1m", DAY, NEXT)] == ["ES", "NQ"]
    with sessions() as session:
        damage = {row.symbol: row.damage for row in list_files(session, DAY, NEXT)}
    assert damage["CL"].startswith("is damaged")
    assert (damage["ES"], damage["NQ"]) == (None, None)


def test_a_purge_proves_that_no_tick_came_after_an_early_file(sessions, lake):
    export_quotes(sessions, lake, session_of("ES"), taken_at=OPEN + timedelta(minutes=89, seconds=30))
    assert generate_bars(sessions, lake, MARKETS, DAY, LATER)[0].rows == {"1m": 89, "5m": 17, "1h": 1}
    with sessions.begin() as session:
        mark_purged(session, DAY, ["ES"], LATER)

    assert generate_bars(sessions, lake, MARKETS, DAY, LATER)[0].rows == {"1m": 90, "5m": 18, "1h": 2}


def test_a_timeframe_that_has_no_bar_any_more_has_no_file(sessions, lake):
    export_quotes(sessions, lake, session_of("ES"))
    generate_bars(sessions, lake, MARKETS, DAY, LATER)

    (bars,) = generate_bars(sessions, lake, MARKETS, DAY, OPEN + timedelta(minutes=7))

    assert bars.rows == {"1m": 7, "5m": 1, "1h": 0}
    with sessions() as session:
        assert [row.timeframe for row in list_files(session, DAY, NEXT, BARS)] == ["1m", "5m"]
    assert not lake.bars_file(DAY, "ES", "1h").exists()


@pytest.mark.parametrize(
    ("now", "made_at"), [(CLOSE, LATER), (CLOSE - timedelta(hours=1), CLOSE - timedelta(hours=1))], ids=str
)
def test_bars_of_a_whole_session_are_not_older_than_their_ticks(sessions, lake, now, made_at):
    export_quotes(sessions, lake, session_of("ES"))

    generate_bars(sessions, lake, MARKETS, DAY, now)

    with sessions() as session:
        assert find_file(session, TICKS, DAY, "ES").written_at == LATER
        assert find_file(session, BARS, DAY, "ES", "1m").written_at == made_at


def session_of(symbol):
    return [trade(60 * i, 100 + i % 7, 10 * (i + 1), symbol=symbol) for i in range(90)]


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
