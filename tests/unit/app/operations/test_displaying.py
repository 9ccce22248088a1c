from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bus.latest import LIVE
from app.operations.displaying import Candidate, DisplayRule, candidate_of, choose_displayed
from app.operations.source_standing import SourceStanding
from tests.factories import MOMENT

SECOND = timedelta(seconds=1)
RULE = DisplayRule(("SCHWAB", "EXCEL"), 15.0)


def standing(source, steady_s=60.0, *, at_work=True, now=MOMENT):
    since = None if steady_s is None else now - steady_s * SECOND
    return SourceStanding(source, at_work, "streaming" if at_work else "failed", since if at_work else None)


def candidate(source, age_s=0.0, *, steady_s=60.0, at_work=True, seq=1, now=MOMENT, **parts):
    ts = now - age_s * SECOND
    return Candidate(source, ts, seq, standing=standing(source, steady_s, at_work=at_work, now=now), **parts)


def shown(*candidates, rule=RULE, is_open=True, now=MOMENT):
    chosen = choose_displayed(candidates, rule, now, is_open=is_open)
    return chosen and chosen.source


def test_of_two_that_deliver_steadily_the_preferred_one_is_shown_although_the_other_is_newer():
    assert shown(candidate("EXCEL", 0), candidate("SCHWAB", 1)) == "SCHWAB"
    assert shown(candidate("EXCEL", 1), candidate("SCHWAB", 0), rule=DisplayRule(("EXCEL",), 15.0)) == "EXCEL"


@pytest.mark.parametrize("source", ["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"])
@pytest.mark.parametrize("at_work", [True, False])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_source_alone_is_shown_however_it_stands(source, at_work, is_open):
    assert shown(candidate(source, 4000, steady_s=None, at_work=at_work), is_open=is_open) == source


def test_without_a_quote_nothing_is_shown():
    assert shown() is None


@pytest.mark.parametrize(("steady_s", "expected"), [(9.9, "EXCEL"), (10, "SCHWAB"), (None, "EXCEL")])
def test_a_source_that_comes_back_is_shown_once_it_has_delivered_for_ten_seconds(steady_s, expected):
    assert shown(candidate("EXCEL"), candidate("SCHWAB", steady_s=steady_s)) == expected


def test_of_sources_that_have_just_come_the_one_that_has_delivered_longer_is_shown():
    assert shown(candidate("EXCEL", steady_s=6), candidate("SCHWAB", steady_s=3)) == "EXCEL"
    assert shown(candidate("EXCEL", steady_s=None), candidate("SCHWAB", steady_s=3)) == "SCHWAB"


def test_a_source_that_nobody_collects_gives_way_to_one_that_is_collected():
    assert shown(candidate("EXCEL", 3), candidate("SCHWAB", 0, at_work=False)) == "EXCEL"


def test_with_nobody_at_work_the_newest_quote_is_shown_and_of_equal_times_the_higher_number():
    gone = [candidate("EXCEL", 5, at_work=False), candidate("SCHWAB", 9, at_work=False)]

    assert shown(*gone) == "EXCEL"
    assert shown(gone[0], candidate("SCHWAB", 5, at_work=False, seq=2)) == "SCHWAB"


def test_in_a_closed_market_the_newest_quote_is_shown():
    assert shown(candidate("EXCEL", 3), candidate("SCHWAB", 4), is_open=False) == "EXCEL"


def test_a_delayed_quote_never_takes_the_place_of_a_live_one():
    delayed = candidate("SCHWAB", 0, is_delayed=True)

    assert shown(candidate("EXCEL", 2, steady_s=None), delayed) == "EXCEL"
    assert shown(candidate("EXCEL", 2, at_work=False), delayed) == "SCHWAB"


def test_real_quotes_are_shown_before_simulated_ones_unless_those_are_named():
    simulated = candidate("SIMULATED", 0)

    assert shown(candidate("EXCEL", 600, steady_s=None), simulated) == "EXCEL"
    assert shown(candidate("EXCEL"), simulated, rule=DisplayRule(("SIMULATED",), 15.0)) == "SIMULATED"
    assert shown(candidate("EXCEL", at_work=False), simulated) == "SIMULATED"


@pytest.mark.parametrize(
    ("age_s", "left_s", "expected"),
    [(14, 60, "SCHWAB"), (16, 14, "SCHWAB"), (16, None, "SCHWAB"), (16, 16, "EXCEL"), (600, 16, "EXCEL")],
)
def test_a_source_that_has_not_followed_the_other_for_long_gives_way(age_s, left_s, expected):
    behind_since = None if left_s is None else MOMENT - left_s * SECOND

    assert shown(candidate("EXCEL"), candidate("SCHWAB", age_s, behind_since=behind_since)) == expected


def test_a_source_that_catches_up_is_not_shown_while_what_it_brings_is_old():
    late = candidate("SCHWAB", 300, arrived=MOMENT - SECOND)

    assert shown(candidate("EXCEL"), late) == "EXCEL"


@pytest.mark.parametrize(
    ("back_s", "away_s", "left_s", "expected"),
    [
        (9, 16, None, "EXCEL"),
        (10, 16, None, "SCHWAB"),
        (9, 15, None, "SCHWAB"),
        (14, 16, 5, "EXCEL"),
        (16, 16, 5, "SCHWAB"),
    ],
)
def test_a_source_that_was_outdated_is_shown_once_it_has_followed_for_ten_seconds(back_s, away_s, left_s, expected):
    since = {"back_at": MOMENT - back_s * SECOND, "away": away_s * SECOND}
    behind_since = None if left_s is None else MOMENT - left_s * SECOND

    assert shown(candidate("EXCEL"), candidate("SCHWAB", 5, behind_since=behind_since, **since)) == expected
    assert (
        shown(candidate("EXCEL", is_delayed=True), candidate("SCHWAB", behind_since=behind_since, **since)) == "SCHWAB"
    )


def test_a_frozen_source_whose_clock_is_ahead_is_outdated_like_any_other():
    frozen = candidate("SCHWAB", -120, arrived=MOMENT - 20 * SECOND, behind_since=MOMENT - 16 * SECOND)

    assert shown(candidate("EXCEL", arrived=MOMENT), frozen) == "EXCEL"


def test_a_clock_that_is_ahead_makes_nobody_else_outdated():
    assert shown(candidate("EXCEL", -3600, arrived=MOMENT), candidate("SCHWAB", 0, arrived=MOMENT)) == "SCHWAB"


def test_a_candidate_is_read_from_what_the_bus_keeps():
    stands = standing("SCHWAB")
    fields = {
        "symbol": "ES",
        "source": "SCHWAB",
        "ts": "2025-10-09T15:30:00.000000Z",
        "recv_ts": "2025-10-09T15:30:01.000000Z",
        "seq": "7",
        "delayed": "1",
        "stream_id": "1760023800000-4",
        "behind": "1760023806000-0",
        "back": "1760023790000",
        "away": "20500",
    }

    assert candidate_of(fields, {"SCHWAB": stands}) == Candidate(
        "SCHWAB",
        MOMENT,
        7,
        True,
        MOMENT + SECOND,
        MOMENT,
        MOMENT + 6 * SECOND,
        MOMENT - 10 * SECOND,
        20.5 * SECOND,
        stands,
    )
    assert not candidate_of({**fields, "source": "EXCEL"}, {"SCHWAB": stands}).standing.is_at_work


@given(st.lists(st.tuples(st.floats(0.5, 30), st.floats(0.2, 30)), min_size=1, max_size=12))
def test_however_a_source_comes_and_goes_it_is_shown_again_after_ten_good_seconds_at_the_earliest(phases):
    moments, at = [], 0.0
    for up_s, down_s in phases:
        moments += [(at, at, up_s), (at + up_s, None, down_s)]
        at += up_s + down_s

    views = []
    for start, since, lasts_s in moments:
        for step in range(int(lasts_s / 0.25) + 1):
            instant = MOMENT + (start + step * 0.25) * SECOND
            steady_s = None if since is None else step * 0.25
            excel = candidate("EXCEL", steady_s=3600, now=instant)
            schwab = candidate("SCHWAB", steady_s=steady_s, now=instant)
            views.append(shown(excel, schwab, now=instant))

    returns = sum(before == "EXCEL" and after == "SCHWAB" for before, after in pairwise(views))
    assert returns <= sum(up_s >= 10 for up_s, _down_s in phases)
    assert views[0] == "EXCEL"


@given(st.lists(st.tuples(st.floats(0.01, 300), st.floats(0, 4), st.floats(0, 4)), min_size=1, max_size=30))
def test_a_slow_symbol_does_not_change_its_source_whoever_is_the_first_to_tell(news):
    # Both sources tell all news, each with a delay of its own, and EXCEL stamps its own time.
    arrivals, at = [], 0.0
    for gap_s, excel_s, schwab_s in news:
        at += gap_s
        arrivals += [(at + excel_s, "EXCEL", at + excel_s), (at + schwab_s, "SCHWAB", at)]

    last = {}
    for instant_s, source, ts_s in sorted(arrivals):
        before = dict(last)
        follow(last, source, instant_s, ts_s)
        now = MOMENT + instant_s * SECOND
        for kept in (before, last):
            if len(kept) == len(LIVE):
                assert shown(*(seen(name, *one, now=now) for name, one in kept.items()), now=now) == "SCHWAB"


def follow(last, source, instant_s, ts_s):
    """What the publish script keeps of each source's newest event."""
    if source not in last or last[source][0] <= ts_s:
        last[source] = (ts_s, instant_s, None)
        for other, (other_ts, arrived, behind) in last.items():
            if other != source and behind is None and ts_s > other_ts and instant_s - arrived > 5:
                last[other] = (other_ts, arrived, instant_s)


def seen(source, ts_s, arrived_s, behind_s, *, now):
    return Candidate(
        source,
        MOMENT + ts_s * SECOND,
        1,
        arrived=MOMENT + arrived_s * SECOND,
        behind_since=None if behind_s is None else MOMENT + behind_s * SECOND,
        standing=standing(source, 3600, now=now),
    )
