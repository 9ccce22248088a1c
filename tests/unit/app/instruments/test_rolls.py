from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.instruments.rolls import (
    SETTLED,
    Active,
    Break,
    Change,
    Run,
    canonical_contract,
    changes,
    comparable,
    segments,
)

START = datetime(2025, 12, 15, 23, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KNOWN = Active("ESZ25", "ESZ25", START - MINUTE)
MONTHS = ("ESU25", "ESZ25", "ESH26", "ESM26")


def test_the_first_contract_is_known_once_it_has_settled() -> None:
    assert changes("ES", None, [run("ESZ25", 0, 59)]) == []
    assert changes("ES", None, [run("ESZ25", 0, 60)]) == [Change("first", None, "ESZ25", None, at(0))]


def test_a_later_contract_that_has_settled_is_a_roll() -> None:
    assert changes("ES", KNOWN, [run("ESH26", 0, 59)]) == []
    assert changes("ES", KNOWN, [run("ESH26", 0, 60)]) == [
        Change("roll", "ESZ25", "ESH26", START - MINUTE, at(0)),
    ]


def test_the_old_contract_ends_with_its_last_event() -> None:
    [found] = changes("ES", KNOWN, [run("ESZ25", 0, 600), run("ESH26", 610, 700)])

    assert (found.last_ts, found.first_ts) == (at(600), at(610))


def test_a_contract_that_is_quoted_for_a_moment_is_no_change_and_the_way_back_is_none_either() -> None:
    runs = [run("ESZ25", 0, 100), run("ESH26", 101, 102), run("ESZ25", 103, 300), run("ESH26", 301, 330)]

    assert changes("ES", KNOWN, runs) == []


def test_of_a_flip_flop_that_settles_the_last_flip_is_the_roll_and_it_is_one() -> None:
    runs = [
        run("ESH26", 0, 30),
        run("ESZ25", 31, 31),
        run("ESH26", 32, 50),
        run("ESZ25", 51, 51),
        run("ESH26", 52, 500),
        run("ESZ25", 501, 501),
        run("ESH26", 502, 900),
    ]

    assert [(found.kind, found.first_ts) for found in changes("ES", KNOWN, runs)] == [("roll", at(52))]


def test_the_way_back_to_an_older_contract_is_a_switch_and_so_is_coming_again() -> None:
    runs = [run("ESH26", 0, 100), run("ESZ25", 101, 300), run("ESH26", 301, 500), run("ESM26", 501, 900)]

    found = changes("ES", KNOWN, runs)

    assert [(one.kind, one.from_contract, one.to_contract) for one in found] == [
        ("roll", "ESZ25", "ESH26"),
        ("switch", "ESH26", "ESZ25"),
        ("switch", "ESZ25", "ESH26"),
        ("roll", "ESH26", "ESM26"),
    ]


def test_two_rolls_of_one_outage_are_both_found() -> None:
    runs = [run("ESH26", 0, 1000), run("ESM26", 1001, 2000)]

    assert [one.to_contract for one in changes("ES", KNOWN, runs)] == ["ESH26", "ESM26"]


def test_spellings_of_one_contract_are_one_run_and_what_is_no_contract_of_the_symbol_says_nothing() -> None:
    runs = [
        run("ESZ5", 0, 100),
        run("NQH26", 101, 300),
        run("ESH6", 301, 330),
        run("ES", 331, 350),
        run("MESH26", 351, 355),
        run("ESH26", 356, 361),
    ]

    assert changes("ES", KNOWN, runs) == [Change("roll", "ESZ25", "ESH26", at(100), at(301))]


@given(st.lists(st.tuples(st.sampled_from(MONTHS), st.integers(0, 120), st.integers(1, 30)), max_size=30))
def test_changes_are_a_chain_in_time_and_each_was_settled(parts):
    runs, now = [], 0
    for contract, lasts, pause in parts:
        runs.append(run(contract, now, now + lasts))
        now += lasts + pause

    found = changes("ES", None, runs)

    assert [one.kind == "first" for one in found] == [place == 0 for place in range(len(found))]
    for before, after in pairwise(found):
        assert (after.from_contract, after.to_contract) != (before.to_contract, before.to_contract)
        assert after.from_contract == before.to_contract
        assert before.first_ts < after.last_ts < after.first_ts
    for one in found:
        rest = [part for part in runs if part.first_ts >= one.first_ts]
        others = [part.first_ts for part in rest if part.contract != one.to_contract]
        own = [part for part in rest if part.contract == one.to_contract]
        held = [part for part in own if not others or part.first_ts < min(others)]
        assert held[-1].last_ts - one.first_ts >= SETTLED
    rolled = [one.to_contract for one in found if one.kind != "switch"]
    assert rolled == sorted(set(rolled), key=MONTHS.index)


@given(
    st.lists(st.tuples(st.sampled_from(MONTHS), st.integers(0, 120), st.integers(1, 30)), max_size=12),
    st.integers(0, 12),
)
def test_it_makes_no_difference_that_somebody_looked_in_between(parts, looked):
    runs, now = [], 0
    for contract, lasts, pause in parts:
        runs.append(run(contract, now, now + lasts))
        now += lasts + pause

    before = changes("ES", None, runs[:looked])
    known = None
    if before:
        furthest = max((one.to_contract for one in before), key=MONTHS.index)
        known = Active(before[-1].to_contract, furthest, before[-1].first_ts)
    later = changes("ES", known, [part for part in runs if not before or part.first_ts >= before[-1].first_ts])

    keys = [(one.kind, one.from_contract, one.to_contract, one.first_ts) for one in changes("ES", None, runs)]
    assert [(one.kind, one.from_contract, one.to_contract, one.first_ts) for one in (*before, *later)] == keys


@pytest.mark.parametrize(
    ("told", "contract"),
    [
        ("ESH6", "ESH26"),
        ("ESH2026", "ESH26"),
        ("ESH26", "ESH26"),
        *((text, None) for text in ("ES", None, "", "NQH26", "ESA26", "-")),
    ],
)
def test_a_sources_word_means_a_contract_of_the_symbol_or_none(told: str | None, contract: str | None) -> None:
    assert canonical_contract("ES", told, START) == contract


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [("ESZ25", "ESZ25", True), ("ESZ25", "ESH26", False), (None, "ESH26", True), ("ESZ25", None, True)],
)
def test_prices_of_contracts_that_differ_are_not_compared(one: str | None, other: str | None, may: bool) -> None:
    assert comparable(one, other) is may


@pytest.mark.parametrize(
    ("cut", "parts"),
    [
        ([], [range(5)]),
        ([(119, 121)], [range(2), range(2, 5)]),  # Between two bars.
        ([(125, 130)], [range(2), range(3, 5)]),  # Inside of the third, which has both contracts.
        ([(119, 130)], [range(2), range(2, 5)]),  # The third has the new contract alone.
        ([(110, 120)], [range(2), range(2, 5)]),
        ([(110, 119)], [range(1), range(2, 5)]),
        ([(5, 6)], [range(1, 5)]),
        ([(-50, 0)], [range(5)]),
        ([(299, 300)], [range(5)]),
        ([(299, 999)], [range(5)]),
        ([(59, 60), (179, 190)], [range(1), range(1, 3), range(3, 5)]),
        ([(65, 70), (75, 80)], [range(1), range(2, 5)]),
        ([(0, 299)], [range(4), range(4, 5)]),  # Bars without a tick of their own have an old price.
    ],
)
def test_no_stretch_of_bars_reaches_over_a_break(cut: list[tuple[int, int]], parts: list[range]) -> None:
    bars = [(at(60 * place), at(60 * place + 60)) for place in range(5)]

    assert segments(bars, [Break(at(last), at(first)) for last, first in cut]) == parts


@given(
    st.lists(st.booleans(), min_size=1, max_size=40),
    st.lists(st.integers(0, 39 * 60), min_size=2, max_size=60, unique=True),
    st.lists(st.integers(0, 59), max_size=4, unique=True),
)
def test_within_a_stretch_all_prices_are_of_one_contract(traded, ticks, cuts):
    ticks.sort()
    bars = [(at(60 * place), at(60 * place + 60)) for place, is_there in enumerate(traded) if is_there]
    places = sorted(cut for cut in cuts if 0 < cut < len(ticks))
    breaks = [Break(at(ticks[place - 1]), at(ticks[place])) for place in places]
    contract = {at(tick): sum(place <= number for place in places) for number, tick in enumerate(ticks)}

    for part in segments(bars, breaks):
        inside = {contract[ts] for bar in part for ts in contract if bars[bar][0] <= ts < bars[bar][1]}
        assert len(inside) <= 1


def at(second: float) -> datetime:
    return START + second * SECOND


def run(contract: str, first: float, last: float) -> Run:
    return Run(contract, at(first), at(last))
