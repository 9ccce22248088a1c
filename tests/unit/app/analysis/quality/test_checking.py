from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.analysis.findings import figures, to_plain
from app.analysis.inputs import Terms
from app.analysis.quality.checking import Quality, check_quality
from app.instruments.rolls import Break
from app.lake.layout import Lake
from app.market.sessions import Session as Hours
from app.quotes import Quote
from tests.hours import MARKETS
from tests.nulls.paths import hours_of, weekdays
from tests.quality_ticks import ES, TICK, after, altered, given, sound_quotes, write_as_is
from tests.ticks import CLOSE, HOURS, LATER, OPEN

ALL_RULES = {
    "missing_price", "crossed", "non_positive", "off_tick", "bad_size", "duplicates", "out_of_order", "late", "future",
    "outside", "spikes", "wrong_symbol", "wrong_day", "row_count",
}  # fmt: skip
MILLISECOND = timedelta(milliseconds=1)
Change = Callable[[Quote], Quote]


def shifted(**by: timedelta) -> Change:
    return lambda one: one._replace(**{name: getattr(one, name) + span for name, span in by.items()})


def priced(**prices: str | None) -> Change:
    return lambda one: one._replace(**{name: price and Decimal(price) for name, price in prices.items()})


def test_a_session_without_a_fault_is_ok_and_breaks_no_rule(lake):
    file = write_as_is(lake, sound_quotes())

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert (quality.verdict, quality.reasons) == ("ok", ())
    assert broken(quality) == {}
    told = plain(quality)["rules"]
    assert {name: told[name]["n"] for name in ("crossed", "row_count", "coverage")} == {
        "crossed": 4_140, "row_count": 1, "coverage": 1_380,
    }  # fmt: skip
    assert (told["coverage"]["value"], told["longest_gap"]["value"]) == (1.0, 20.0)
    assert (told["received_median"]["value"], told["stored_p99"]["value"]) == (50.0, 450.0)
    assert plain(quality)["by_session"] == [
        {"day": "2025-10-09", "rows": 4_140, "coverage": 1.0, "longest_gap_s": 20.0, "complete": True}
    ]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("missing_price", priced(last=None)),
        ("crossed", lambda one: one._replace(bid=one.ask + TICK)),
        ("off_tick", lambda one: one._replace(ask=one.ask + Decimal("0.000000001"))),
        ("bad_size", lambda one: one._replace(last_size=0)),
        ("bad_size", lambda one: one._replace(bid_size=0)),
        ("bad_size", lambda one: one._replace(ask_size=-1)),
        ("late", shifted(recv_ts=timedelta(seconds=5))),
        ("future", shifted(recv_ts=-timedelta(seconds=1, milliseconds=51))),
        ("wrong_symbol", lambda one: one._replace(symbol="NQ")),
        ("wrong_day", lambda one: one._replace(session_date=date(2025, 10, 10))),
    ],
)
def test_each_fault_is_counted_and_breaks_no_other_rule(lake, rule, change):
    file = write_as_is(lake, altered(sound_quotes(), change, 100, 2_000, 4_000))

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert broken(quality) == {rule: 3}


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("bid and ask that touch", lambda one: one._replace(bid=one.ask)),
        ("no quote", priced(bid=None, ask=None)),
        ("a receipt at the limit", shifted(recv_ts=timedelta(seconds=4, milliseconds=950))),
        ("a clock at the limit", shifted(recv_ts=-timedelta(seconds=1, milliseconds=50))),
        ("no size", lambda one: one._replace(last_size=None, bid_size=None)),
    ],
)
def test_what_is_legal_breaks_no_rule(lake, rule, change):
    file = write_as_is(lake, altered(sound_quotes(), change, 100, 2_000, 4_000))

    assert broken(check_quality(lake, given([file]), LATER, "SIMULATED")) == {}


def test_prices_of_zero_and_below_are_counted_without_being_taken_for_jumps_or_off_tick(lake):
    below = [one._replace(last=one.last - 6_701, bid=one.bid - 6_701, ask=one.ask - 6_701) for one in sound_quotes()]
    flat = [one._replace(last=Decimal("-2.5"), bid=Decimal("-2.75"), ask=Decimal("-2.5")) for one in below]
    file = write_as_is(lake, flat)

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert broken(quality) == {"non_positive": 4_140}
    assert quality.verdict == "degraded"


def test_a_tick_that_is_there_twice_is_a_duplicate_wherever_the_second_stands(lake):
    quotes = sound_quotes()
    beside = write_as_is(lake, [*quotes[:500], quotes[499], *quotes[500:]])
    found = broken(check_quality(lake, given([beside]), LATER, "SIMULATED"))
    far = write_as_is(lake, [*quotes, quotes[499]])

    assert found == {"duplicates": 1}
    assert broken(check_quality(lake, given([far]), LATER, "SIMULATED")) == {"duplicates": 1, "out_of_order": 1}


def test_the_same_time_with_another_number_or_another_source_is_no_duplicate(lake):
    quotes = sound_quotes()
    twin, other = quotes[500]._replace(seq=10**6), quotes[500]._replace(source="REPLAY")
    file = write_as_is(lake, [*quotes[:501], other, twin._replace(volume=0), *quotes[501:]])

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert broken(quality) == {}
    assert plain(quality)["notes"] == ["ticks of REPLAY that were left out: 1"]


def test_ticks_out_of_order_are_counted_and_all_else_is_counted_in_their_right_order(lake):
    quotes = sound_quotes()
    file = write_as_is(lake, [*quotes[2_000:], *quotes[:2_000]])

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert broken(quality) == {"out_of_order": 1}
    assert plain(quality)["rules"]["longest_gap"]["value"] == 20.0
    assert plain(quality)["rules"]["coverage"]["value"] == 1.0


def test_ticks_before_the_open_and_from_the_close_on_lie_outside(lake):
    quotes = sound_quotes()
    edges = [OPEN - MILLISECOND, OPEN, *(one.ts for one in quotes[2:-2]), CLOSE - MILLISECOND, CLOSE]
    moved = [one._replace(ts=ts, recv_ts=ts) for one, ts in zip(quotes, edges, strict=True)]
    file = write_as_is(lake, moved)

    assert broken(check_quality(lake, given([file]), LATER, "SIMULATED")) == {"outside": 2}


@pytest.mark.parametrize(
    ("jumps", "expected"),
    [
        ({1_000: 40}, 1),
        ({1_000: -40}, 1),
        ({1_000: 40, 1_001: 40}, 1),
        ({1_000: 40, 1_001: 40, 1_002: 40}, 1),
        ({1_000: 40, 1_001: 40, 1_002: 40, 1_003: 40}, 0),
        (dict.fromkeys(range(1000, 4140), 40), 0),
        ({1_000: 30}, 0),
        ({1_000: 40, 3_000: 40}, 2),
        ({1_000: 40, 1_001: 10}, 1),
    ],
)
def test_a_jump_that_is_taken_back_within_three_ticks_is_a_spike(lake, jumps, expected):
    def moved(one: Quote, by: int) -> Quote:
        return one._replace(last=Decimal(6_700 + by), bid=Decimal(6_700 + by) - TICK, ask=Decimal(6_700 + by))

    quotes = [moved(one, jumps.get(place, 0)) for place, one in enumerate(sound_quotes())]
    file = write_as_is(lake, quotes)

    found = broken(check_quality(lake, given([file]), LATER, "SIMULATED"))

    assert found == ({"spikes": expected} if expected else {})


@pytest.mark.parametrize(("ticks", "expected"), [(4, {}), (5, {"spikes": 1})])
def test_a_bounce_of_a_few_large_ticks_is_no_spike(lake, ticks, expected):
    step = Decimal("0.05")

    def quoted(one: Quote, up: int) -> Quote:
        price = 16 + step * up
        return one._replace(last=price, bid=price, ask=price + step)

    quotes = [quoted(one, ticks if place == 1_000 else 0) for place, one in enumerate(sound_quotes())]
    file = write_as_is(lake, quotes)

    found = broken(check_quality(lake, given([file], terms=Terms(0.05, 1_000.0)), LATER, "SIMULATED"))

    assert found == expected


def test_bids_above_asks_before_the_open_are_an_auction(lake):
    def crossed(one: Quote) -> Quote:
        return one._replace(bid=one.ask + TICK)

    early = [crossed(one)._replace(ts=one.ts - timedelta(minutes=15)) for one in sound_quotes()[:3]]
    early = [one._replace(recv_ts=one.ts, seq=one.seq - 10) for one in early]
    file = write_as_is(lake, [*early, *sound_quotes()])

    assert broken(check_quality(lake, given([file]), LATER, "SIMULATED")) == {"outside": 3}


def test_a_spike_is_seen_across_ticks_without_a_price(lake):
    quotes = altered(sound_quotes(), lambda one: one._replace(last=one.last + 50, ask=one.ask + 50), 1_000)
    file = write_as_is(lake, altered(quotes, priced(last=None), 999, 1_001))

    assert broken(check_quality(lake, given([file]), LATER, "SIMULATED")) == {"spikes": 1, "missing_price": 2}


def test_rows_that_were_lost_since_the_file_was_recorded_are_missed(lake):
    file = replace(write_as_is(lake, sound_quotes()), rows=4_141)

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert broken(quality) == {"row_count": 1}
    assert quality.verdict == "reject"
    assert quality.reasons == ("1 file has not as many rows as were recorded: 2025-10-09",)


@pytest.mark.parametrize(
    ("kept", "longest"),
    [
        (lambda at: not 3_600 <= at < 7_200, 3_620),
        (lambda at: at >= 5_000, 5_001),
        (lambda at: at < 82_800 - 5_400, 5_400 + 19),
    ],
    ids=["in the middle", "at the open", "before the close"],
)
def test_the_longest_gap_reaches_from_the_open_to_the_close(lake, kept, longest):
    file = write_as_is(lake, [one for one in sound_quotes() if kept((one.ts - OPEN).total_seconds() - 1)])

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert plain(quality)["rules"]["longest_gap"]["value"] == longest
    assert quality.verdict == "degraded"
    assert any("have no tick for more than 60 min" in reason and "2025-10-09" in reason for reason in quality.reasons)


@pytest.mark.parametrize(
    ("gone", "longest", "verdict"),
    [
        ((0, 1_200), 20, "ok"),
        ((70_000, 70_400), 420, "degraded"),
        ((63_000, 63_400), 207, "ok"),
        ((78_000, 79_180), 419, "degraded"),
    ],
    ids=["at night", "within", "over the open", "up to the close"],
)
def test_only_the_part_of_a_gap_in_regular_hours_counts_there(lake, gone, longest, verdict):
    regular = Hours(HOURS.day, after(HOURS, 63_194), after(HOURS, 78_400))
    file = write_as_is(
        lake, [one for one in sound_quotes() if not gone[0] <= (one.ts - OPEN).total_seconds() - 1 < gone[1]]
    )

    quality = check_quality(lake, replace(given([file]), regular=(regular,)), LATER, "SIMULATED")

    assert plain(quality)["rules"]["longest_regular_gap"]["value"] == longest
    assert quality.verdict == verdict


def test_a_quote_that_is_repeated_while_time_passes_is_a_stale_run(lake):
    quotes = sound_quotes()
    stuck = [
        one._replace(**held(quotes[1_000])) if 1_000 <= place <= 1_120 else one for place, one in enumerate(quotes)
    ]
    file = write_as_is(lake, stuck)

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert broken(quality) == {}
    assert plain(quality)["rules"]["longest_stale_run"]["value"] == 2_400
    assert quality.verdict == "degraded"
    assert quality.reasons == (
        "1 of 1 sessions repeat one and the same quote for more than 30 min, at most 40.0 min: 2025-10-09",
    )


def test_minutes_without_a_tick_lower_the_coverage(lake):
    file = write_as_is(lake, [one for one in sound_quotes() if (one.ts - OPEN).total_seconds() // 60 % 2])

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert plain(quality)["rules"]["coverage"]["value"] == 0.5
    assert plain(quality)["by_session"][0]["coverage"] == 0.5
    assert quality.verdict == "degraded"


def test_two_live_sources_are_compared_minute_by_minute_in_ticks(lake):
    excel = sound_quotes(source="EXCEL")
    away = {places for minute in (5, 700, 701) for places in (minute * 3 + 2,)}
    schwab = [
        one._replace(
            source="SCHWAB", bid=one.bid + (5 if place in away else 0), ask=one.ask + (5 if place in away else 0)
        )
        for place, one in enumerate(excel)
    ]
    near = {9 * 3 + 2: Decimal("0.5")}
    schwab = [one._replace(bid=one.bid + near.get(i, 0), ask=one.ask + near.get(i, 0)) for i, one in enumerate(schwab)]
    file = write_as_is(lake, [one for pair in zip(excel, schwab, strict=True) for one in pair])

    quality = check_quality(lake, given([file]), LATER, "EXCEL")

    told = plain(quality)["rules"]
    assert (told["divergence"]["value"], told["divergence"]["n"]) == (3 / 1_380, 1_380)
    assert told["largest_divergence"]["value"] == 20.0
    assert broken(quality) == {}


def test_sources_that_quote_different_contracts_are_not_compared(lake):
    excel = sound_quotes(source="EXCEL")
    schwab = [one._replace(source="SCHWAB", contract="/ESH26", bid=one.bid + 60, ask=one.ask + 60) for one in excel]
    file = write_as_is(lake, [one for pair in zip(excel, schwab, strict=True) for one in pair])

    told = plain(check_quality(lake, given([file]), LATER, "EXCEL"))["rules"]

    assert told["divergence"]["value"] is None
    assert told["divergence"]["reason"]


def test_without_terms_the_tick_size_is_not_checked(lake):
    file = write_as_is(lake, altered(sound_quotes(), priced(last="6700.1"), 7))

    quality = check_quality(lake, given([file], terms=None), LATER, "SIMULATED")

    assert quality.verdict == "ok"
    told = plain(quality)["rules"]["off_tick"]
    assert (told["value"], told["n"], told["status"]) == (None, 4_140, "insufficient_data")
    assert told["reason"] == "the size of a tick is not known"


@pytest.mark.parametrize("tick", [0.0078125, 0.00390625, 0.00005, 0.1, 0.01, 10.0])
def test_multiples_of_any_tick_size_are_exact(lake, tick):
    size = Decimal(repr(tick))
    quotes = [
        one._replace(last=size * (101 + place % 8), bid=size * (100 + place % 8), ask=size * (101 + place % 8))
        for place, one in enumerate(sound_quotes())
    ]
    file = write_as_is(lake, altered(quotes, lambda one: one._replace(ask=one.ask + Decimal("1e-9")), 3))

    quality = check_quality(lake, given([file], terms=replace(ES, tick_size=tick)), LATER, "SIMULATED")

    assert plain(quality)["rules"]["off_tick"]["value"] == 1


def test_a_replay_is_not_blamed_for_being_received_later(lake):
    late = [shifted(recv_ts=timedelta(days=400))(one)._replace(source="REPLAY") for one in sound_quotes()]
    file = write_as_is(lake, late)

    quality = check_quality(lake, given([file]), LATER, "REPLAY")

    assert quality.verdict == "ok"
    told = plain(quality)["rules"]
    assert {told[name]["value"] for name in ("late", "future", "received_p99", "stored_median")} == {None}


def test_a_roll_within_the_range_is_noted_and_is_no_fault(lake):
    quotes = [one._replace(contract="ESZ25" if place < 2_000 else "ESH26") for place, one in enumerate(sound_quotes())]
    file = write_as_is(lake, quotes)

    quality = check_quality(lake, given([file]), LATER, "SIMULATED")

    assert quality.verdict == "ok"
    assert plain(quality)["rules"]["contract_changes"]["value"] == 1
    assert plain(quality)["notes"] == ["the contract changed on 2025-10-09"]


def test_a_break_that_only_the_catalogue_knows_is_noted(lake):
    quotes = [one._replace(contract=None) for one in sound_quotes()]
    wanted = replace(given([write_as_is(lake, quotes)]), breaks=(Break(after(HOURS, 500), after(HOURS, 520)),))

    quality = check_quality(lake, wanted, LATER, "SIMULATED")

    assert plain(quality)["notes"] == ["the contract changed on 2025-10-09"]


def test_holes_name_their_days(lake):
    hours = [hours_of(day) for day in weekdays(6)]
    files = [write_as_is(lake, sound_quotes(one), one) for one in (*hours[:3], *hours[4:])]

    quality = check_quality(lake, given(files, hours), hours[-1].close, "SIMULATED")

    assert quality.verdict == "degraded"
    assert quality.reasons == ("1 of 6 sessions have no ticks of SIMULATED: 2025-01-09",)
    assert (plain(quality)["sessions"]["value"], plain(quality)["sessions"]["n"]) == (5, 6)


def test_a_file_of_a_day_without_a_session_is_left_out_and_noted(lake):
    hours = [hours_of(day) for day in weekdays(2)]
    files = [write_as_is(lake, sound_quotes(one), one) for one in hours]

    quality = check_quality(lake, given(files, hours[:1]), LATER, "SIMULATED")

    assert quality.verdict == "ok"
    assert plain(quality)["notes"] == ["files of days without a session were left out: 2025-01-07"]


def test_a_file_without_a_tick_of_the_source_is_a_hole(lake):
    hours = [hours_of(day) for day in weekdays(2)]
    files = [
        write_as_is(lake, sound_quotes(one, source), one)
        for one, source in zip(hours, ("EXCEL", "REPLAY"), strict=True)
    ]

    quality = check_quality(lake, given(files, hours), hours[-1].close, "EXCEL")

    assert quality.verdict == "reject"
    assert quality.reasons == ("1 of 2 sessions have no ticks of EXCEL: 2025-01-07",)


@pytest.mark.parametrize("count", [0, 1, 22])
def test_without_any_tick_the_data_are_rejected_and_no_figure_is_made_up(lake, count):
    hours = [hours_of(day) for day in weekdays(count)]

    quality = check_quality(lake, given([], hours), LATER, "SCHWAB")

    assert quality.verdict == "reject"
    assert quality.reasons == (f"there are no ticks of SCHWAB (sessions of the calendar: {count})",)
    told = dict(figures(plain(quality)))
    sessions = told.pop(("sessions",))
    assert sessions["value"] == (0 if count else None)
    assert [path for path, figure in told.items() if figure["value"] is not None or not figure["reason"]] == []


def test_a_session_that_has_not_begun_is_not_missed_and_a_running_one_is_told_as_such(lake):
    hours = [hours_of(day) for day in weekdays(3)]
    file = write_as_is(lake, sound_quotes(hours[0]), hours[0])

    quality = check_quality(lake, given([file], hours), after(hours[1], 600), "SIMULATED")

    assert quality.verdict == "ok"
    assert plain(quality)["notes"] == ["the session of 2025-01-07 was not over: its ticks count up to the as-of"]
    assert [row["day"] for row in plain(quality)["by_session"]] == ["2025-01-06", "2025-01-07"]


def test_nothing_from_the_as_of_on_changes_anything(lake):
    quotes = sound_quotes()
    asof = after(HOURS, 40_000)
    until = [one for one in quotes if one.ts < asof]
    wrecked = [
        one._replace(bid=one.ask + 9, last=Decimal(-1), last_size=0, recv_ts=one.ts - timedelta(hours=1), symbol="NQ")
        for one in quotes[len(until) :]
    ]
    short = check_quality(lake, given([write_as_is(lake, until)]), asof, "SIMULATED")
    sound = check_quality(lake, given([write_as_is(lake, quotes)]), asof, "SIMULATED")

    found = check_quality(lake, given([write_as_is(lake, until + wrecked)]), asof, "SIMULATED")

    assert found == sound
    assert (found.verdict, found.reasons, broken(found)) == ("ok", (), {})
    assert plain(found)["by_session"] == plain(short)["by_session"]
    assert plain(found)["by_session"][0]["rows"] == 2_000


@pytest.mark.parametrize(
    ("day", "minutes"),
    [
        (date(2025, 3, 10), 1_380),
        (date(2025, 11, 3), 1_380),
        (date(2025, 11, 28), 1_155),
        (date(2025, 7, 4), 1_140),
    ],
    ids=["clocks went forward", "clocks went back", "half day", "holiday session"],
)
def test_a_session_of_the_calendar_is_as_long_as_its_clock_says(lake, day, minutes):
    (found,) = MARKETS.default.sessions(day, day + timedelta(days=1))
    hours = Hours(found.day, found.open, found.close)
    file = write_as_is(lake, sound_quotes(hours), hours)

    quality = check_quality(lake, given([file], [hours]), hours.close, "SIMULATED")

    told = plain(quality)["rules"]
    assert quality.verdict == "ok"
    assert (told["coverage"]["value"], told["coverage"]["n"]) == (1.0, minutes)
    assert told["longest_gap"]["value"] == 20.0


def plain(quality: Quality) -> dict:
    return to_plain(quality.tree)


def broken(quality: Quality) -> dict[str, int]:
    """How often each rule is broken, if it is."""
    told = plain(quality)["rules"]
    return {name: told[name]["value"] for name in sorted(ALL_RULES) if told[name]["value"]}


def held(one: Quote) -> dict:
    return {name: getattr(one, name) for name in ("last", "bid", "ask", "bid_size", "ask_size", "volume")}


@pytest.fixture
def lake(tmp_path):
    """A lake without a file."""
    return Lake(tmp_path)
