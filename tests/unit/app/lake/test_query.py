from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from app.errors import Conflict, Rejected, Unavailable
from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.query import bar_sources, connect, read_bars, read_ticks
from app.lake.schemas import BAR_FILE
from tests.factories import DAY, quote, quotes
from tests.ticks import LATER, OPEN, bar_table, trade, write_ticks

NEXT = DAY + timedelta(days=1)


@pytest.mark.parametrize(
    "statement",
    [
        "FROM read_csv('/etc/passwd')",
        "FROM read_text('{root}/../secret.txt')",
        "FROM read_text('{root}/link.txt')",
        "FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{root}/../stolen.csv'",
        "ATTACH '{root}/../other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '99GB'",
        "RESET lock_configuration",
        "FROM outside",
    ],
)
def test_a_connection_reaches_nothing_outside_of_the_lake(lake, tmp_path, statement):
    (tmp_path / "secret.txt").write_text("secret")
    (lake.root / "link.txt").symlink_to(tmp_path / "secret.txt")
    outside = [1]

    with pytest.raises((duckdb.Error, Conflict)), connect(lake) as connection:
        connection.sql(statement.format(root=lake.root)).fetchall()

    assert outside == [1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "secret.txt"]


def test_the_sandbox_holds_where_the_lake_is_a_link_with_a_quote_in_its_name(lake, tmp_path):
    write_ticks(lake, quotes(2))
    link = tmp_path / "trader's lake"
    link.symlink_to(lake.root, target_is_directory=True)

    with connect(Lake(link)) as connection:
        assert read_ticks(connection, Lake(link), "ES", DAY, NEXT).num_rows == 2


def test_ticks_come_in_order_with_the_columns_asked_for(lake):
    write_ticks(lake, [quote(seq=2), quote(seq=1), quote(seq=3, ts=OPEN)])
    write_ticks(lake, [quote(session_date=NEXT, seq=9)], day=NEXT)
    write_ticks(lake, [quote(symbol="NQ", seq=7)])

    with connect(lake) as connection:
        table = read_ticks(connection, lake, "ES", DAY, NEXT, ["seq", "symbol"])
        both = read_ticks(connection, lake, "ES", DAY, NEXT + timedelta(days=1), ["seq"])

    assert table.to_pydict() == {"seq": [3, 1, 2], "symbol": ["ES"] * 3}
    assert both.column("seq").to_pylist() == [3, 1, 2, 9]


def test_a_day_without_a_file_has_no_ticks_but_all_columns(lake):
    write_ticks(lake, quotes(1))

    with connect(lake) as connection:
        empty = read_ticks(connection, lake, "NQ", DAY, NEXT)

        assert empty.num_rows == 0
        assert empty.schema.equals(read_ticks(connection, lake, "ES", DAY, NEXT).schema)
        assert read_bars(connection, lake, "ES", "1m", "REPLAY", OPEN, LATER).num_rows == 0
        assert bar_sources(connection, lake, "ES", "1m", OPEN, LATER) == []


def test_an_unknown_column_is_rejected(lake):
    with pytest.raises(Rejected, match="price"), connect(lake) as connection:
        read_ticks(connection, lake, "ES", DAY, NEXT, ["price"])


def test_bars_are_those_that_open_in_the_range(lake):
    write_bars(lake, DAY, "REPLAY", minutes=5)

    with connect(lake) as connection:
        found = read_bars(connection, lake, "ES", "1m", "REPLAY", minute(1), minute(3))
        limited = read_bars(connection, lake, "ES", "1m", "REPLAY", OPEN, LATER, limit=2)

    assert opens(found) == [minute(1), minute(2)]
    assert opens(limited) == [minute(0), minute(1)]


def test_bars_go_on_over_many_days_until_the_limit(lake):
    days = [DAY + timedelta(days=i) for i in range(40)]
    for i, day in enumerate(days):
        write_bars(lake, day, "REPLAY", minutes=2, first=OPEN + timedelta(days=i))

    with connect(lake) as connection:
        everything = read_bars(connection, lake, "ES", "1m", "REPLAY", OPEN, OPEN + timedelta(days=99))
        limited = read_bars(connection, lake, "ES", "1m", "REPLAY", OPEN, OPEN + timedelta(days=99), limit=71)

    assert opens(everything) == sorted(opens(everything))
    assert everything.num_rows == 80
    assert opens(limited) == opens(everything)[:71]


def test_sources_are_told_apart(lake):
    write_bars(lake, DAY, "REPLAY", minutes=1)
    write_bars(lake, NEXT, "SCHWAB", minutes=1, first=OPEN + timedelta(days=1))

    with connect(lake) as connection:
        assert bar_sources(connection, lake, "ES", "1m", OPEN, OPEN + timedelta(days=2)) == ["REPLAY", "SCHWAB"]
        assert bar_sources(connection, lake, "ES", "1m", minute(0), minute(1)) == ["REPLAY"]
        assert read_bars(connection, lake, "ES", "1m", "SCHWAB", minute(0), minute(1)).num_rows == 0


def test_the_end_of_the_calendar_is_no_trap(lake):
    write_bars(lake, DAY, "REPLAY", minutes=1)

    with connect(lake) as connection:
        found = read_bars(connection, lake, "ES", "1m", "REPLAY", OPEN, datetime.max.replace(tzinfo=UTC))

    assert found.num_rows == 1


def test_a_damaged_file_is_told_as_such(lake):
    write_ticks(lake, quotes(9))
    file = lake.ticks_file(DAY, "ES")
    file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(Conflict, match="cannot be read"), connect(lake) as connection:
        read_ticks(connection, lake, "ES", DAY, NEXT)


def test_a_question_too_large_for_its_memory_is_told_as_such(lake):
    with pytest.raises(Unavailable, match="16 MB"), connect(lake, memory_limit_mb=16) as connection:
        connection.sql("SELECT list(i) FROM range(50000000) t(i)").fetchall()


def test_a_mistake_in_a_question_stays_a_mistake(lake):
    with pytest.raises(duckdb.ParserException), connect(lake) as connection:
        connection.sql("SELEKT 1").fetchall()


def write_bars(lake, day, source, *, minutes, first=OPEN):
    table = bar_table([trade(0, 1, 1, source=source, session_date=day)] * minutes, first)
    target = lake.bars_file(day, "ES", "1m")
    publish(lake, target, BAR_FILE, table.to_batches(), day=day, symbol="ES", taken_at=LATER)


def minute(number):
    return OPEN + timedelta(minutes=number)


def opens(table):
    return table.column("t_open").to_pylist()


@pytest.fixture
def lake(tmp_path):
    root = tmp_path / "lake"
    root.mkdir()
    return Lake(root)
