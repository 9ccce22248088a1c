from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from app.ledger.coverage import merge_coverage, merge_coverages, read_coverage
from tests.factories import DAY, MOMENT

NEXT = DAY + timedelta(days=1)


def test_minutes_are_added_and_never_taken_away(db_session):
    merge_coverage(db_session, "REPLAY", DAY, b"\x80\x00", MOMENT)
    merge_coverage(db_session, "REPLAY", DAY, b"\x01", MOMENT - timedelta(hours=1))

    (row,) = read_coverage(db_session, [DAY]).values()
    assert (row.minutes, row.updated_at) == (b"\x81\x00", MOMENT)


def test_what_is_known_is_told_by_source_and_day(db_session):
    merge_coverages(db_session, {("REPLAY", NEXT): b"\x01", ("REPLAY", DAY): b"\x02", ("SCHWAB", DAY): b"\x03"}, MOMENT)

    assert {key: row.minutes for key, row in read_coverage(db_session, [DAY, NEXT], ["REPLAY"]).items()} == {
        ("REPLAY", DAY): b"\x02",
        ("REPLAY", NEXT): b"\x01",
    }
    assert set(read_coverage(db_session, [DAY])) == {("REPLAY", DAY), ("SCHWAB", DAY)}


def test_what_several_write_at_once_is_kept_of_all(sessions):
    def write(bit):
        with sessions.begin() as session:
            merge_coverage(session, "REPLAY", DAY, bytes([1 << bit]), MOMENT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    with sessions() as session:
        assert read_coverage(session, [DAY])["REPLAY", DAY].minutes == b"\xff"
