from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.quality.counting import count_file
from app.analysis.quality.counts import SessionCounts
from app.analysis.quality.file_scan import Scope
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.sessions import Session as Hours
from app.market.timetable import micros_of
from app.quotes import Quote
from tests.factories import quote
from tests.quality_ticks import TICK, sound_quotes, write_as_is
from tests.ticks import HOURS, OPEN

SHORT = Hours(date(2025, 10, 9), OPEN, OPEN + timedelta(minutes=20))
REGULAR = Hours(SHORT.day, OPEN + timedelta(minutes=5), OPEN + timedelta(minutes=12))
UNTIL = OPEN + timedelta(minutes=11, seconds=30)

prices = st.sampled_from([None, *map(Decimal, ("-1", "0", "100", "100.25", "100.5", "100.1", "101", "102"))])
sizes = st.sampled_from([None, -1, 0, 1, 2])


@st.composite
def ticks(draw: st.DrawFn) -> Quote:
    ts = OPEN + timedelta(seconds=draw(st.integers(-90, 1_290)))
    return quote(
        symbol=draw(st.sampled_from(["ES", "ES", "ES", "NQ"])),
        source=draw(st.sampled_from(["SIMULATED", "SIMULATED", "SIMULATED", "REPLAY"])),
        seq=draw(st.integers(1, 4)),
        ts=ts,
        recv_ts=ts + timedelta(seconds=draw(st.integers(-2, 7))),
        session_date=draw(st.sampled_from([SHORT.day, SHORT.day, date(2025, 10, 10)])),
        contract=draw(st.sampled_from([None, "ESZ25", "ESH26"])),
        last=draw(prices),
        bid=draw(prices),
        ask=draw(prices),
        last_size=draw(sizes),
        bid_size=draw(sizes),
        ask_size=draw(sizes),
        volume=draw(st.sampled_from([None, 1, 2])),
    )


@settings(max_examples=40)
@given(st.lists(ticks(), min_size=1, max_size=25), st.booleans(), st.sampled_from([None, UNTIL]))
def test_the_counts_are_those_of_a_slow_and_plain_reading(root, quotes, is_sorted, until):
    quotes = sorted(quotes, key=lambda one: (one.ts, one.seq)) if is_sorted else quotes
    scope = Scope("ES", "SIMULATED", SHORT, REGULAR, TICK, until)

    found = counted(root, quotes, scope)

    expected = slowly(quotes, scope)
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_large_session_gives_the_delays_of_a_sample(root):
    quotes = [
        one._replace(recv_ts=one.ts + timedelta(milliseconds=place % 100))
        for place, one in enumerate(sound_quotes(step=timedelta(seconds=4)))
    ]

    found = counted(root, quotes, Scope("ES", "SIMULATED", HOURS))

    assert len(quotes) == 20_700
    middle, high = found.received_us
    assert abs(middle - 49_500) < 2_500
    assert abs(high - 98_000) <= 1_000


def test_counts_come_back_from_their_text_as_they_were(root):
    quotes = [one._replace(contract="ESZ25" if place < 50 else "ESH26") for place, one in enumerate(sound_quotes())]
    found = counted(root, quotes, Scope("ES", "SIMULATED", HOURS, REGULAR, TICK))

    again = SessionCounts.from_bytes(found.to_bytes())

    assert again == found
    assert [contract for contract, _, _ in again.contracts] == ["ESZ25", "ESH26"]


def counted(root: Lake, quotes: list[Quote], scope: Scope) -> SessionCounts:
    file = write_as_is(root, quotes, scope.hours)
    with connect(root, threads=1) as connection:
        return count_file(connection, file.path, scope)


def slowly(quotes: list[Quote], scope: Scope) -> dict[str, object]:
    """What can be said without a library, tick by tick."""
    known = [one for one in quotes if scope.until is None or one.ts < scope.until]
    mine = [one for one in known if one.source == "SIMULATED"]
    pairs = list(pairwise(mine))
    told = {
        "file_rows": len(quotes),
        "rows": len(mine),
        "out_of_order": sum((b.ts, b.seq) < (a.ts, a.seq) for a, b in pairs),
        "wrong_symbol": sum(one.symbol != "ES" for one in known),
        "wrong_day": sum(one.session_date != SHORT.day for one in known),
        "others": {"REPLAY": len(known) - len(mine)} if len(known) > len(mine) else {},
    }
    return told | (in_order(mine, scope) if mine else {})


def in_order(mine: list[Quote], scope: Scope) -> dict[str, object]:
    hours = scope.hours
    mine = sorted(mine, key=lambda one: (one.ts, one.seq))
    inside = [one for one in mine if hours.open <= one.ts < hours.close]
    delays = sorted((one.recv_ts - one.ts) // timedelta(microseconds=1) for one in mine)
    return {
        "missing_price": sum(one.last is None for one in mine),
        "crossed": sum(one.bid is not None and one.ask is not None and one.bid > one.ask for one in inside),
        "non_positive": sum(any(price is not None and price <= 0 for price in priced(one)) for one in mine),
        "off_tick": sum(any(price is not None and price % TICK for price in priced(one)) for one in mine),
        "bad_size": sum(any(size is not None and size <= 0 for size in sized(one)) for one in mine),
        "duplicates": len(mine) - len({(one.ts, one.seq) for one in mine}),
        "late": sum(delay > 5_000_000 for delay in delays),
        "future": sum(delay < -1_000_000 for delay in delays),
        "outside": len(mine) - len(inside),
        "minutes": len({(one.ts - hours.open) // timedelta(minutes=1) for one in inside}),
        "gap_us": longest_gap(mine, hours, scope),
        "regular_gap_us": longest_gap(mine, scope.regular, scope),
        "stale_us": longest_run(mine),
        "spikes": spikes([float(one.last) for one in mine if one.last is not None]),
        "received_us": (delays[max(0, -(-len(delays) // 2) - 1)], delays[-(-len(delays) * 99 // 100) - 1]),
    }


def priced(one: Quote) -> tuple:
    return one.last, one.bid, one.ask


def sized(one: Quote) -> tuple:
    return one.last_size, one.bid_size, one.ask_size


def longest_gap(mine: list[Quote], hours: Hours, scope: Scope) -> int:
    end = hours.close if scope.until is None else min(hours.close, scope.until)
    moments = [hours.open, *(one.ts for one in mine if hours.open <= one.ts < end), end]
    return max(micros_of(b) - micros_of(a) for a, b in pairwise(moments))


def longest_run(mine: list[Quote]) -> int:
    longest, start = timedelta(0), mine[0]
    for one in mine:
        if (*priced(one), one.bid_size, one.ask_size, one.volume) != (
            *priced(start), start.bid_size, start.ask_size, start.volume,
        ):  # fmt: skip
            start = one
        longest = max(longest, one.ts - start.ts)
    return longest // timedelta(microseconds=1)


def spikes(prices: list[float]) -> int:
    found = 0
    for place, price in enumerate(prices):
        for back in (1, 2, 3):
            if place - back - 1 < 0:
                continue
            before, jumped = prices[place - back - 1], prices[place - back]
            jump = abs(jumped - before)
            between = prices[place - back + 1 : place]
            is_first = all(abs(one - before) * 2 > jump for one in between)
            if jump > max(0.005 * abs(before), 4.5 * float(TICK)) and abs(price - before) * 2 <= jump and is_first:
                found += 1
                break
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A lake whose files are overwritten."""
    return Lake(tmp_path_factory.mktemp("lake"))
