from datetime import timedelta
from decimal import Decimal

import pytest

from app.operations.divergences import found
from tests.factories import MOMENT

SECOND = timedelta(seconds=1)


def run(*checks, kind="price"):
    """What stands after checks at these seconds with these values."""
    stands = None
    for at_s, value in checks:
        stands = found("ES", kind, "EXCEL", "SCHWAB", Decimal(value), MOMENT + at_s * SECOND).after(stands)
    return stands


@pytest.mark.parametrize(("last_s", "alarming"), [(15, False), (29, False), (30, True), (45, True)])
def test_a_price_is_alarming_once_every_check_for_thirty_seconds_found_it(last_s, alarming):
    stands = run((0, 6), (14, -1 + 6), (last_s, 7))

    assert (stands.alarming, stands.since) == (alarming, MOMENT)


def test_a_lag_is_alarming_at_once():
    assert run((0, 16_000), kind="lag").alarming


def test_a_difference_that_changes_its_side_begins_anew_as_in_a_fast_market():
    stands = run((0, 6), (15, -6), (30, 6), (45, 7))

    assert (stands.alarming, stands.since) == (False, MOMENT + 30 * SECOND)


def test_checks_that_lie_far_apart_say_nothing_of_the_time_between():
    stands = run((0, 6), (46, 6))

    assert (stands.alarming, stands.since) == (False, MOMENT + 46 * SECOND)


def test_the_worst_is_kept_and_an_alarm_stays_while_it_is_found():
    stands = run((0, -6), (15, -11), (30, -8), (45, -7))

    assert (stands.alarming, stands.last, stands.worst) == (True, Decimal(-7), Decimal(-11))
    assert stands.told() == "ES: EXCEL is -7 ticks from SCHWAB, at worst -11, since 15:30:00 UTC"


def test_a_lag_is_told_in_seconds():
    assert run((0, 16_250), kind="lag").told() == "ES: EXCEL is 16.2 s behind SCHWAB"
