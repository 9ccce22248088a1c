import duckdb
import pytest

from app.errors import Conflict, Unavailable
from app.lake.layout import Lake
from app.lake.query import collect, connect, interrupted
from tests.factories import DAY, quotes
from tests.ticks import write_ticks


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
        assert count_ticks(connection, Lake(link)) == [(2,)]


def test_a_damaged_file_is_told_as_such(lake):
    write_ticks(lake, quotes(9))
    file = lake.ticks_file(DAY, "ES")
    file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(Conflict, match="cannot be read"), connect(lake) as connection:
        count_ticks(connection, lake)


def test_a_question_too_large_for_its_memory_is_told_as_such(lake):
    with pytest.raises(Unavailable, match="16 MB"), connect(lake, memory_limit_mb=16) as connection:
        connection.sql("SELECT list(i) FROM range(50000000) t(i)").fetchall()


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM (SELECT i, count(*) AS n FROM range(1000000000) t(i) GROUP BY i) ORDER BY n LIMIT 5",
        "SELECT a.i, b.i FROM range(100000) a(i), range(100000) b(i) ORDER BY a.i * b.i",
        "SELECT a.i, b.i, repeat('x', 100) FROM range(100000) a(i), range(100000) b(i)",
    ],
    ids=["a thousand million groups", "all pairs in order", "all pairs"],
)
def test_a_question_ends_at_its_memory_and_the_next_one_is_answered(lake, question):
    too_large = pytest.raises(Unavailable, match=r"too large: it (needs|takes) more than 64 MB")
    with too_large, connect(lake, memory_limit_mb=64) as connection:
        collect(connection.sql(question), memory_limit_mb=64)

    with connect(lake) as connection:
        assert collect(connection.sql("SELECT 7 AS n")).to_pylist() == [{"n": 7}]


def test_an_answer_of_no_rows_has_its_columns(lake):
    with connect(lake) as connection:
        assert collect(connection.sql("SELECT 1 AS n WHERE false")).schema.names == ["n"]


def test_what_goes_wrong_after_the_first_rows_is_told_as_at_once(lake):
    path = lake.root / "large.parquet"
    with connect(lake) as connection:
        connection.sql(f"COPY (SELECT md5(i::text) AS n FROM range(500000) t(i)) TO '{path}' (ROW_GROUP_SIZE 50000)")
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 200] = bytes(byte ^ 255 for byte in content[half : half + 200])
    path.write_bytes(content)

    with pytest.raises(Conflict, match="cannot be read"), connect(lake) as connection:
        collect(connection.sql(f"FROM read_parquet('{path}')"))
    with pytest.raises(duckdb.ConversionException), connect(lake, threads=1) as connection:
        collect(
            connection.sql("SELECT CASE WHEN i < 400000 THEN i ELSE ('a' || i)::BIGINT END FROM range(500000) t(i)")
        )


def test_a_mistake_in_a_question_stays_a_mistake(lake):
    with pytest.raises(duckdb.ParserException), connect(lake) as connection:
        connection.sql("SELEKT 1").fetchall()


def count_ticks(connection, lake):
    return connection.sql("SELECT count(*) FROM read_parquet(?)", params=[str(lake.ticks_file(DAY, "ES"))]).fetchall()


@pytest.fixture
def lake(tmp_path):
    root = tmp_path / "lake"
    root.mkdir()
    return Lake(root)


ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range + b.range = -1"


def test_a_question_ends_at_its_limit_and_the_connection_answers_the_next(lake):
    with connect(lake, threads=1) as connection:
        with (
            pytest.raises(Unavailable, match=r"longer than 0.2 seconds: .* timeout_s"),
            interrupted(connection, 0.2),
        ):
            connection.sql(ENDLESS).fetchall()
        with interrupted(connection, 60.0):
            assert connection.sql("SELECT 7").fetchall() == [(7,)]


def test_an_interruption_by_somebody_else_is_passed_on(lake):
    with connect(lake, threads=1) as connection, pytest.raises(duckdb.InterruptException), interrupted(connection, 60):
        raise duckdb.InterruptException("by somebody")
