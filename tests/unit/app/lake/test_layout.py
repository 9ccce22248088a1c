from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies

from app.errors import Conflict, Rejected
from app.lake.layout import Lake, parse_timeframe, parse_timeframes

DAY = date(2025, 10, 9)
DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{name}{place}" for name in ("COM", "LPT") for place in range(10))}


def test_a_file_lies_where_the_contract_says(lake):
    ticks, bars = lake.ticks_file(DAY, "ES"), lake.bars_file(DAY, "BRK.B", "5m")

    assert ticks == lake.root / "ticks/date=2025-10-09/symbol=ES/ticks.parquet"
    assert bars == lake.root / "bars/date=2025-10-09/symbol=BRK.B/bars_5m.parquet"
    assert lake.relative(bars) == "bars/date=2025-10-09/symbol=BRK.B/bars_5m.parquet"


@pytest.mark.parametrize("symbol", ["", "es", "../ES", "ES/..", "..", "ES\n", "A" * 17, "*", "ES;", "/ES", "ＥＳ"])
def test_a_symbol_that_is_no_symbol_makes_no_path(lake, symbol):
    with pytest.raises(Rejected):
        lake.ticks_file(DAY, symbol)


@pytest.mark.parametrize("timeframe", ["", "2m", "1M", "../1m", "1m,5m"])
def test_a_timeframe_that_is_none_makes_no_path(lake, timeframe):
    with pytest.raises(Rejected, match="1m, 5m, 1h"):
        lake.bars_file(DAY, "ES", timeframe)


@pytest.mark.parametrize("link", ["ticks", "ticks/date=2025-10-09", "ticks/date=2025-10-09/symbol=ES"])
def test_a_symbolic_link_inside_the_lake_is_refused(lake, tmp_path, link):
    outside = tmp_path / "outside"
    outside.mkdir()
    (lake.root / link).parent.mkdir(parents=True)
    (lake.root / link).symlink_to(outside, target_is_directory=True)

    with pytest.raises(Conflict, match="symbolic link"):
        lake.ticks_file(DAY, "ES")


def test_the_lake_itself_may_be_reached_through_a_link(lake, tmp_path):
    place(lake, "ticks/date=2025-10-09/symbol=ES/ticks.parquet")
    link = tmp_path / "link"
    link.symlink_to(lake.root, target_is_directory=True)

    found = Lake(link).ticks_files(DAY, date(2025, 10, 10))

    assert [file.path for file in found] == [link / "ticks/date=2025-10-09/symbol=ES/ticks.parquet"]


def test_files_are_found_by_day_and_symbol_and_the_last_day_is_left_out(lake):
    for day in (8, 9, 10):
        for symbol in ("NQ", "ES"):
            place(lake, f"ticks/date=2025-10-{day:02}/symbol={symbol}/ticks.parquet")

    found = lake.ticks_files(date(2025, 10, 8), date(2025, 10, 10))

    assert [(file.day.day, file.symbol) for file in found] == [(8, "ES"), (8, "NQ"), (9, "ES"), (9, "NQ")]
    assert [file.symbol for file in lake.ticks_files(date.min, date.max, {"NQ"})] == ["NQ"] * 3


def test_only_files_of_the_contract_are_found(lake):
    place(lake, "bars/date=2025-10-09/symbol=ES/bars_5m.parquet")
    for stray in (
        ".staging/bars@date=2025-10-09@symbol=ES@bars_1m.parquet@0.part",
        "bars/date=2025-10-9/symbol=ES/bars_1m.parquet",
        "bars/date=2025-10-09/symbol=es/bars_1m.parquet",
        "bars/date=2025-10-09/notes/bars_1m.parquet",
        "bars/date=2025-10-09/symbol=NQ/bars_1m.parquet/folder",
    ):
        place(lake, stray)

    assert lake.bars_files("1m", date.min, date.max) == []
    assert [file.symbol for file in lake.bars_files("5m", date.min, date.max)] == ["ES"]


def test_an_empty_lake_has_no_files(tmp_path):
    assert Lake(tmp_path / "absent").ticks_files(date.min, date.max) == []


def test_timeframes_come_once_each_from_short_to_long():
    assert parse_timeframes("1h, 1m,1m") == ["1m", "1h"]
    assert parse_timeframe("5m") == "5m"


@pytest.mark.parametrize("text", ["", ",", "1d", "1m;5m"])
def test_timeframes_that_name_nothing_known_are_rejected(text):
    with pytest.raises(Rejected):
        parse_timeframes(text)


def place(lake, name):
    path: Path = lake.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.mark.parametrize("name", ["date=2026-02-30", "date=2026-13-01", "date=0000-01-01", "date=２０２６-02-01"])
def test_a_folder_whose_name_is_no_date_is_none_of_the_lake(lake, name):
    place(lake, f"ticks/{name}/symbol=ES/ticks.parquet")
    place(lake, "ticks/date=2026-02-28/symbol=ES/ticks.parquet")

    for symbols in (None, ["ES"]):
        found = lake.ticks_files(date.min, date.max, symbols)

        assert [file.day for file in found] == [date(2026, 2, 28)]


NAMES = strategies.one_of(
    strategies.text(max_size=24),
    strategies.text("./\\\x00:~%ESA09_-CON \n\u202e", max_size=20),
    strategies.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,15}", fullmatch=True),
)


@settings(max_examples=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES)
@example("..")
@example("A/../../x")
@example("CON")
@example("NUL.")
@example("%2e%2e")
@example("C:x")
def test_of_ten_thousand_names_none_leads_out_of_the_lake_and_no_two_to_one_file(lake, name):
    try:
        path = lake.ticks_file(DAY, name)
    except Rejected as error:
        assert str(error).isprintable()
        return

    folder = path.relative_to(lake.root).parts[2]
    assert path.parent == lake.root / "ticks" / "date=2025-10-09" / folder
    assert path.resolve().is_relative_to(lake.root.resolve())
    assert unquote(folder.removeprefix("symbol=")) == name
    assert all(is_a_name_on_windows(part) for part in path.relative_to(lake.root).parts)


def is_a_name_on_windows(name):
    device = name.partition(".")[0].rstrip(" ").upper()
    return device not in DEVICES and not name.endswith((".", " ")) and not set('<>:"/\\|?*') & set(name)


@pytest.mark.parametrize("name", ["CON", "nul.txt", "COM1.parquet", "ES.", "ES ", "C:x", "a?b"])
def test_the_judge_of_names_knows_those_that_windows_keeps(name):
    assert not is_a_name_on_windows(name)


@pytest.mark.parametrize("symbol", ["ES", "ES.", "ES..", "CON", "NUL.", "BRK.B", "A", "A" * 16, "A" * 15 + "."])
def test_a_symbol_is_found_again_where_its_file_was_put(lake, symbol):
    place(lake, lake.relative(lake.ticks_file(DAY, symbol)))

    assert [file.symbol for file in lake.ticks_files(DAY, DAY + timedelta(days=1))] == [symbol]
    assert [file.symbol for file in lake.ticks_files(DAY, DAY + timedelta(days=1), {symbol})] == [symbol]


def test_symbols_that_differ_by_a_dot_at_the_end_have_folders_that_windows_tells_apart(lake):
    folders = {lake.ticks_file(DAY, symbol).parent.name.rstrip(". ").lower() for symbol in ("ES", "ES.", "ES..")}

    assert len(folders) == 3
