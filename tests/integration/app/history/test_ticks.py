import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.errors import Conflict, Rejected
from app.history.ticks import COLUMNS, find_places, read_ticks, stream_range, tick_schema
from app.lake.layout import Lake
from app.lake.locks import file_lock
from app.market.markets import market
from app.ticks.partitions import drop_partition, existing_partitions
from app.ticks.slices import TickKey, TickSlice
from tests.factories import DAY, quote
from tests.lake_days import export_quotes, purge
from tests.ticks import CLOSE, OPEN, store_quotes

DAYS = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=4)]
OPENS = [OPEN, OPEN + timedelta(days=1), OPEN + timedelta(days=4)]
FAR = (OPEN - timedelta(days=30), OPEN + timedelta(days=30))
KEYS = ("ts", "seq", "source")

# A tick of each of a few seconds, numbers and sources, so that times and numbers collide often.
ticks = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 4), st.sampled_from(["REPLAY", "SCHWAB"])), max_size=25, unique=True
)
days = st.tuples(ticks, st.sampled_from(["hot", "exported", "purged"]), ticks)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    split=st.tuples(days, days, days),
    bounds=st.tuples(st.integers(-1, 15), st.integers(-1, 15)),
    page=st.integers(1, 30),
    source=st.sampled_from([None, "SCHWAB"]),
)
def test_any_range_of_days_wherever_they_are_is_the_list_of_all_ticks(
    sessions, lake, read, split, bounds, page, source
):
    reference = [found for index, day in enumerate(split) for found in lay_out(sessions, lake, index, *day)]
    start, end = (moment(bound) for bound in (min(bounds), max(bounds) + 1))
    assume(start < end)

    expected = sorted(key for key in map(key_of, reference) if start <= key.ts < end and source in (None, key.source))

    assert keys_in(read(start, end, source=source)) == expected
    assert paged(read, start, end, page, source=source) == expected


def test_a_day_is_read_alike_before_and_after_it_has_moved(sessions, lake, read):
    price = Decimal("-0.000000001")
    quotes = [quote(seq=seq, last=price * seq, bid=None, contract=None) for seq in (3, 1, 2)]
    store_quotes(sessions, quotes)
    export_quotes(sessions, lake, quotes)
    before = read(*FAR)

    purge(sessions, DAY)
    after = read(*FAR)

    same = [name for name in COLUMNS if name != "created_at"]
    assert after.select(same).equals(before.select(same))
    assert after.schema.equals(before.schema) and after.schema.equals(tick_schema())
    assert after.column("last").to_pylist() == [price, price * 2, price * 3]


def test_columns_are_those_asked_for_in_that_order(sessions, lake, read):
    store_quotes(sessions, [quote(seq=1)])
    export_quotes(sessions, lake, [quote(seq=2, session_date=DAYS[1], ts=OPENS[1])])
    purge(sessions, DAYS[1])

    assert read(*FAR, columns=["last", "symbol"]).to_pydict() == {
        "last": [Decimal("6710.25")] * 2,
        "symbol": ["ES"] * 2,
    }
    with pytest.raises(Rejected, match="price"):
        read(*FAR, columns=["price"])


def test_a_range_without_ticks_has_all_columns_and_no_row(read):
    assert read(*FAR).schema.equals(tick_schema())
    assert read(*FAR).num_rows == 0


@pytest.mark.parametrize("end", [OPEN, OPEN - timedelta(seconds=1)])
def test_a_range_without_an_instant_is_rejected(read, end):
    with pytest.raises(Rejected, match="empty"):
        read(OPEN, end)


def test_a_symbol_has_its_own_ticks_only(sessions, lake, read):
    store_quotes(sessions, [quote(seq=1), quote(symbol="NQ", seq=2)])
    export_quotes(sessions, lake, [quote(symbol="NQ", seq=3, session_date=DAYS[1], ts=OPENS[1])])
    purge(sessions, DAYS[1], "NQ")

    assert read(*FAR).column("seq").to_pylist() == [1]


def test_where_two_places_have_a_tick_the_file_is_right(sessions, lake, read):
    export_quotes(sessions, lake, [quote(seq=1, last=Decimal(1)), quote(seq=2)])
    purge(sessions, DAY)
    store_quotes(sessions, [quote(seq=1, last=Decimal(2)), quote(seq=3)])

    table = read(*FAR)

    assert table.column("seq").to_pylist() == [1, 2, 3]
    assert table.column("last")[0].as_py() == 1


def test_no_day_can_leave_the_database_while_it_is_read(sessions, lake):
    store_quotes(sessions, [quote(seq=seq) for seq in range(5)])
    with sessions() as session, closing(stream(session, lake)) as tables:
        next(tables)

        with pytest.raises(Conflict, match="in use"):
            purge(sessions, DAY)
    purge(sessions, DAY)


def test_a_reader_does_not_wait_for_those_who_write(sessions, read):
    store_quotes(sessions, [quote(seq=1)])
    with sessions.begin() as session:
        session.execute(text("LOCK TABLE ticks IN SHARE ROW EXCLUSIVE MODE"))

        assert read(*FAR).num_rows == 1


@pytest.mark.parametrize("at", [5, 400, -30, -1])
def test_a_damaged_file_is_told_by_its_day_and_never_believed(sessions, lake, read, at):
    export_quotes(sessions, lake, [quote(seq=seq) for seq in range(100)])
    purge(sessions, DAY)
    assert read(*FAR).num_rows == 100
    path = lake.ticks_file(DAY, "ES")
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 1
    path.write_bytes(damaged)

    with pytest.raises(Conflict, match="ES on 2025-10-09 is damaged") as refusal:
        read(*FAR)

    assert str(lake.root) not in str(refusal.value)


def test_a_missing_file_is_told_by_its_day(sessions, lake, read):
    export_quotes(sessions, lake, [quote()])
    purge(sessions, DAY)
    lake.ticks_file(DAY, "ES").unlink()

    with pytest.raises(Conflict, match="ES on 2025-10-09 is missing"):
        read(*FAR)


def test_a_damaged_file_that_is_not_the_place_of_the_ticks_harms_nobody(sessions, lake, read):
    store_quotes(sessions, [quote(seq=1)])
    export_quotes(sessions, lake, [quote(seq=1)])
    lake.ticks_file(DAY, "ES").write_bytes(b"x")

    assert read(*FAR).num_rows == 1


def test_a_file_that_was_just_written_again_is_waited_for(sessions, lake, read):
    export_quotes(sessions, lake, [quote(seq=1)])
    purge(sessions, DAY)
    path = lake.ticks_file(DAY, "ES")
    old = path.read_bytes()
    export_quotes(sessions, lake, [quote(seq=1), quote(seq=2)])
    new = path.read_bytes()
    path.write_bytes(old)

    with file_lock(sessions, DAY, "ES"):
        late = threading.Timer(0.1, path.write_bytes, [new])
        late.start()
        found = read(*FAR)
        late.join()

    assert found.num_rows == 2


def test_a_stopped_reader_leaves_the_pool_usable(sessions, lake):
    store_quotes(sessions, [quote(seq=seq) for seq in range(2000)])

    with sessions() as session, closing(stream(session, lake)) as tables:
        next(tables)

    with sessions() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_pager_misses_nothing_while_days_move_to_the_lake(sessions, lake, read):
    expected = []
    for index in range(3):
        found = [on_day(index, second, seq) for second in range(40) for seq in range(5)]
        store_quotes(sessions, found)
        export_quotes(sessions, lake, found)
        expected += map(key_of, found)
    stopped = threading.Event()

    def move():
        for day in DAYS:
            while not stopped.is_set() and not try_to_purge(sessions, day):
                pass

    with ThreadPoolExecutor(1) as pool:
        moving, rounds = pool.submit(move), 0
        try:
            while not moving.done() or rounds < 2:
                assert paged(read, *FAR, 7) == sorted(expected)
                rounds += 1
        finally:
            stopped.set()
        moving.result()

    with sessions() as session:
        places = find_places(session, market(), "ES", TickSlice(*FAR))
        assert {place.day for place in places if place.file is not None and not place.in_database} == set(DAYS)


def try_to_purge(sessions, day):
    try:
        purge(sessions, day)
    except (Conflict, OperationalError):
        return False
    return True


def lay_out(sessions, lake, index, early, state, late):
    day = DAYS[index]
    with sessions.begin() as session:
        session.execute(text("DELETE FROM lake_files WHERE session_date = :day"), {"day": day})
        if day in existing_partitions(session):
            drop_partition(session, day)
    early, late = ([on_day(index, *parts) for parts in some] for some in (early, late))
    if state == "hot" or not early:
        everything = list({key_of(found): found for found in early + late}.values())
        store_quotes(sessions, everything) if everything else None
        return everything
    store_quotes(sessions, early)
    export_quotes(sessions, lake, early)
    if state == "exported":
        return early
    purge(sessions, day)
    store_quotes(sessions, late) if late else None
    return list({key_of(found): found for found in late + early}.values())


def on_day(index, second, seq, source="REPLAY"):
    return quote(ts=OPENS[index] + timedelta(seconds=second), seq=seq, source=source, session_date=DAYS[index])


def moment(position):
    """Five positions to each day, one for each second that has ticks."""
    index, second = divmod(position, 5)
    if not 0 <= index < 3:
        return FAR[0] if index < 0 else FAR[1]
    return OPENS[index] + timedelta(seconds=second)


def key_of(found):
    return TickKey(found.ts, found.seq, found.source)


def keys_in(table):
    return [TickKey(*values) for values in zip(*(table.column(name).to_pylist() for name in KEYS), strict=True)]


def paged(read, start, end, size, **options):
    found, after = [], None
    while True:
        page = keys_in(read(start, end, after=after, limit=size, columns=["seq", "source", "ts"], **options))
        assert after is None or not page or page[0] > after
        found += page
        if len(page) < size:
            return found
        after = page[-1]


def stream(session, lake):
    return stream_range(session, lake, market(), "ES", TickSlice(OPEN, CLOSE))


@pytest.fixture
def read(sessions, lake):
    def read_in_one_transaction(start, end, **options):
        with sessions() as session:
            return read_ticks(session, lake, market(), "ES", start, end, **options)

    return read_in_one_transaction


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
