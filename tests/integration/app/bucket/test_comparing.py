import pytest

from app.bucket.comparing import DAMAGED, DIFFERENT, NOT_HERE, NOT_THERE, compare_day
from app.bucket.pushing import PushOptions, push_day
from app.lake.layout import TICKS
from app.lake.manifest import forget_file
from tests.bucket_lakes import BARS_OF_ES, DAY, ES, NQ, trades
from tests.lake_days import export_quotes


def test_the_same_on_both_sides_is_no_difference(compared):
    assert compared() == dict.fromkeys([BARS_OF_ES, ES, NQ])


def test_what_only_one_side_has_is_told(sessions, lake, compared, bucket):
    with sessions.begin() as session:
        forget_file(session, TICKS, DAY, "ES")
    export_quotes(sessions, lake, trades(DAY, "GC", 5))

    assert compared() == {
        BARS_OF_ES: None, ES: NOT_HERE, ES.replace("ES", "GC"): NOT_THERE, NQ: None,
    }  # fmt: skip


def test_a_file_that_was_written_again_here_is_different(sessions, lake, compared):
    export_quotes(sessions, lake, trades(DAY, "ES", 5))

    assert compared()[ES] == DIFFERENT


def test_an_object_that_is_gone_or_cut_is_damaged(compared, store):
    store.delete(ES)
    store.put(NQ, b"PAR1")

    assert compared() == {BARS_OF_ES: None, ES: DAMAGED, NQ: DAMAGED}


def test_other_bytes_of_the_same_size_are_found_by_reading_them(compared, store):
    store.put(ES, bytes(len(store.get(ES))))

    assert compared()[ES] is None
    assert compared(verify=True)[ES] == DAMAGED


def test_a_damaged_object_of_the_day_is_told(compared, store):
    store.put("manifest/date=2025-10-09.json", b"[]")

    assert compared() == {"manifest/date=2025-10-09.json": DAMAGED}


def test_symbols_can_be_chosen(compared):
    assert compared(symbols=["NQ"]) == {NQ: None}


@pytest.fixture
def compared(sessions, lake, bucket):
    push_day(sessions, lake, bucket, DAY, PushOptions())

    def compare(**options):
        return {one.path: one.problem for one in compare_day(sessions, bucket, DAY, **options)}

    return compare
