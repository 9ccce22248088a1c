from datetime import UTC, datetime, timedelta

import pytest

from app.ledger.gap_evidence import LocatedLoss, Span
from app.ledger.numbers import Stretch
from app.operations.gap_explaining import Explanation, Lack, explain_lacks

NOON = datetime(2025, 10, 9, 12, tzinfo=UTC)
OPEN = Explanation(is_lost=False)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def lack(first, missing, *, after=None, before=None, given_from=-60, given_by=60):
    """A gap between a neighbour that was received at one minute and another that was stored at another."""
    return Lack(
        Stretch(first, first + missing - 1),
        missing,
        preceded_at=None if after is None else at(after),
        followed_at=None if before is None else at(before),
        given_from=at(given_from),
        given_by=at(given_by),
    )


def trimmed(count, after, until, symbol="ES", **parts):
    span = Span(None if after is None else at(after), at(until))
    return LocatedLoss("trimmed_unread", symbol, count, span=span, **parts)


def dropped(count, first, last, symbol="ES"):
    return LocatedLoss("collector_drop", symbol, count, numbers=Stretch(first, last))


def unexplained(count, symbol="ES"):
    return LocatedLoss("unexplained", symbol, count)


def lost(cause, **symbols):
    return Explanation(True, cause, symbols)


def test_without_losses_every_gap_is_open_for_an_unknown_cause():
    assert explain_lacks([lack(1, 20)], []) == [OPEN]


def test_a_dropped_number_is_not_said_of_numbers_that_are_missing_for_another_reason():
    found = explain_lacks([lack(1, 20), lack(40, 1)], [dropped(1, 40, 40)])

    assert found == [OPEN, lost("collector_drop", ES=1)]


def test_a_drop_that_is_a_part_of_a_gap_tells_its_symbol_and_leaves_it_open():
    assert explain_lacks([lack(1, 20)], [dropped(5, 3, 9)]) == [Explanation(False, "unknown", {"ES": 5})]


def test_drops_of_several_symbols_that_alternate_share_a_gap():
    found = explain_lacks([lack(1, 10)], [dropped(5, 1, 9), dropped(5, 2, 10, symbol="NQ")])

    assert found == [lost("collector_drop", ES=5, NQ=5)]


def test_drops_that_reach_over_several_gaps_explain_them_when_they_come_to_as_much():
    drops = [dropped(6, 1, 29), dropped(4, 2, 28, symbol="NQ")]

    exact = explain_lacks([lack(1, 5), lack(25, 5), lack(90, 2)], drops)
    short = explain_lacks([lack(1, 5), lack(25, 6), lack(90, 2)], drops)

    assert exact == [lost("collector_drop"), lost("collector_drop"), OPEN]
    assert short == [OPEN, OPEN, OPEN]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"after": -30, "before": -20}, id="stored before"),
        pytest.param({"after": 20, "before": 30}, id="received after"),
        pytest.param({"after": -30, "given_by": -20}, id="published before, with nothing stored after it"),
        pytest.param({"before": 30, "given_from": 20}, id="given after, with nothing stored before it"),
    ],
)
def test_entries_that_were_trimmed_are_of_the_gap_of_their_time(other):
    mine, another = lack(1, 20, after=-1, before=6), lack(50, 20, **other)

    assert explain_lacks([mine, another], [trimmed(20, 0, 5)]) == [lost("trimmed_unread", ES=20), OPEN]


def test_what_was_trimmed_before_anything_was_read_may_have_any_neighbour_before_it():
    assert explain_lacks([lack(1, 3, after=-600, before=6)], [trimmed(3, None, 5)]) == [lost("trimmed_unread", ES=3)]


def test_of_gaps_of_one_time_that_which_lacks_as_much_is_explained():
    lacks = [lack(1, 20, after=0, before=5), lack(50, 5, after=0, before=5)]

    found = explain_lacks(lacks, [trimmed(3, 0, 5), trimmed(2, 0, 5, symbol="NQ")])

    assert found == [OPEN, lost("trimmed_unread", ES=3, NQ=2)]


def test_where_several_gaps_lack_as_much_nothing_is_guessed():
    lacks = [lack(1, 5, after=0, before=5), lack(50, 5, after=0, before=5)]

    assert explain_lacks(lacks, [trimmed(5, 0, 5)]) == [OPEN, OPEN]


def test_symbols_that_were_found_for_several_losses_at_once_are_not_told_of_each():
    lacks = [lack(1, 10, after=0, before=5), lack(50, 10, after=10, before=15)]
    together = [
        trimmed(10, 0, 5, assigned_at=at(20)),
        trimmed(10, 10, 15, symbol="NQ", assigned_at=at(20)),
    ]

    assert explain_lacks(lacks, together) == [lost("trimmed_unread"), lost("trimmed_unread")]


def test_symbols_that_were_found_for_one_loss_at_a_time_are_told():
    lacks = [lack(1, 10, after=0, before=5), lack(50, 10, after=10, before=15)]
    apart = [trimmed(10, 0, 5, assigned_at=at(8)), trimmed(10, 10, 15, symbol="NQ", assigned_at=at(20))]

    assert explain_lacks(lacks, apart) == [lost("trimmed_unread", ES=10), lost("trimmed_unread", NQ=10)]


def test_losses_that_nothing_ties_to_a_gap_explain_all_gaps_or_none():
    lacks = [lack(1, 3), lack(50, 2)]

    assert explain_lacks(lacks, [unexplained(5)]) == [lost("unexplained", ES=3), lost("unexplained", ES=2)]
    assert explain_lacks(lacks, [unexplained(4)]) == [OPEN, OPEN]
    assert explain_lacks(lacks, [unexplained(6)]) == [OPEN, OPEN]


def test_where_kinds_or_symbols_could_be_of_any_gap_they_are_not_told():
    losses = [unexplained(3), LocatedLoss("stream_reset", "NQ", 2)]

    assert explain_lacks([lack(1, 1), lack(50, 4)], losses) == [lost("unknown"), lost("unknown")]
    assert explain_lacks([lack(1, 5)], losses) == [lost("unexplained", ES=3, NQ=2)]


def test_more_losses_than_a_gap_lacks_explain_it_and_do_not_tell_its_symbols():
    losses = [trimmed(3, 0, 5), trimmed(3, 0, 5, symbol="NQ")]

    assert explain_lacks([lack(1, 4, after=0, before=5)], losses) == [lost("trimmed_unread")]


def test_what_is_tied_to_a_gap_leaves_the_rest_to_explain_the_others():
    found = explain_lacks([lack(1, 20), lack(40, 1)], [dropped(1, 40, 40), unexplained(20, symbol="NQ")])

    assert found == [lost("unexplained", NQ=20), lost("collector_drop", ES=1)]
