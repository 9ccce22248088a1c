from datetime import date

from app.market.markets import DEFAULT, Markets
from app.market.overrides import Overrides
from app.operations.health import check_calendar
from tests.fakes import FixedClock
from tests.hours import NOW, ONE_DAY, at

FAR = Overrides(checked_until=date(2030, 12, 31))


def markets(overrides: Overrides, fault: str | None = None) -> Markets:
    return Markets(clock=FixedClock(NOW), overrides=lambda: overrides, overrides_fault=lambda: fault)


def test_holidays_that_are_known_for_long_are_no_warning() -> None:
    check = check_calendar(markets(FAR), NOW)

    assert (check.name, check.ok, check.detail) == ("calendar", True, "holidays are known for 60 days and more")
    assert check.figures["checked_until"][DEFAULT] == "2030-12-31"


def test_holidays_that_run_out_are_a_warning_that_says_what_to_do() -> None:
    known = Markets(clock=FixedClock(NOW))
    last = at(f"{known.default.checked_until}T12:00:00Z")

    for now in (last - 59 * ONE_DAY, last, last + 100 * ONE_DAY):
        check = check_calendar(known, now)

        assert check.ok
        assert f"{DEFAULT} ({known.default.checked_until})" in check.detail
        assert "checked_until" in check.detail


def test_sixty_days_are_enough_and_fifty_nine_are_not() -> None:
    enough, late = at("2030-11-01T23:59:59Z"), at("2030-11-02T00:00:00Z")

    assert "run out" not in check_calendar(markets(FAR), enough).detail
    assert "run out" in check_calendar(markets(FAR), late).detail


def test_a_wrong_file_of_overrides_is_a_warning() -> None:
    check = check_calendar(markets(FAR, "overrides.yaml: it is empty"), NOW)

    assert (check.ok, check.detail) == (True, "market overrides stay as they were: overrides.yaml: it is empty")
