"""The markets together: names, worked answers, holidays, and the ends of their calendars."""

from datetime import date

import pytest

from app.errors import NotFound, Rejected
from app.market.market import Market
from app.market.markets import DEFAULT, PROFILES, US_EQUITY, Markets
from app.market.overrides import Override, Overrides
from app.operations.market_forms import session_form
from tests.fakes import FixedClock
from tests.hours import MARKETS, NOW, TICK, at, each_market, example_rows, needs_shared_data, worked_answer

LAST = at("2036-12-31T23:59:59.999999Z")


@needs_shared_data
@pytest.mark.parametrize("row", example_rows(), ids=lambda row: f"{row['market']} {row['at_utc']}")
def test_every_worked_answer_is_given(row: dict[str, str]) -> None:
    answer, promised = session_form(MARKETS.named(row["market"]).state_at(at(row["at_utc"]))), worked_answer(row)

    assert {name: answer[name] for name in promised} == promised


def test_markets_are_known_by_name_and_an_unknown_name_lists_the_known() -> None:
    assert sorted(MARKETS.names) == sorted(PROFILES)
    assert MARKETS.default is MARKETS.named(DEFAULT)
    with pytest.raises(NotFound, match=US_EQUITY):
        MARKETS.named("Moon")


def test_the_desk_chooses_its_market() -> None:
    assert Markets(US_EQUITY).default.name == US_EQUITY


@pytest.mark.parametrize(
    ("day", "open_close"),
    [
        ("2025-11-28", ("14:30", "18:00")),
        ("2025-10-09", ("13:30", "20:00")),
        ("2025-11-27", None),
        ("2025-10-11", None),
    ],
)
def test_the_regular_hours_of_futures_are_those_of_the_stock_exchange(
    day: str, open_close: tuple[str, str] | None
) -> None:
    hours = MARKETS.default.regular_hours(date.fromisoformat(day), NOW)

    assert (hours.open and (f"{hours.open:%H:%M}", f"{hours.close:%H:%M}")) == open_close
    assert not hours.is_open


def test_regular_hours_run_from_their_open_until_before_their_close() -> None:
    hours = MARKETS.default.regular_hours(date(2025, 10, 9), at("2025-10-09T13:30:00Z"))

    assert hours.is_open
    assert not MARKETS.default.regular_hours(date(2025, 10, 9), hours.open - TICK).is_open
    assert not MARKETS.default.regular_hours(date(2025, 10, 9), hours.close).is_open


@pytest.mark.parametrize(
    ("day", "cleared"),
    [
        ("2025-07-04", "2025-07-07"),
        ("2026-06-19", "2026-06-22"),
        ("2026-04-03", "2026-04-06"),
        ("2025-11-27", "2025-11-28"),
        ("2025-11-28", "2025-11-28"),
        ("2025-10-13", "2025-10-13"),
    ],
)
def test_a_holiday_session_is_cleared_on_the_next_day_that_is_none(day: str, cleared: str) -> None:
    assert str(MARKETS.default.trade_date(date.fromisoformat(day))) == cleared


@pytest.mark.parametrize("day", [date(2025, 12, 25), date(2025, 10, 11)])
def test_a_day_without_a_session_has_no_trade_date(day: date) -> None:
    assert MARKETS.default.trade_date(day) is None


@each_market
def test_the_first_and_the_last_instant_of_a_calendar_have_a_state(market: Market) -> None:
    first, last = market.state_at(at("2000-01-01T00:00:00Z")), market.state_at(LAST)

    assert first.session.day in (date(1999, 12, 31), date(2000, 1, 3))
    assert last.session.day in (date(2036, 12, 31), date(2037, 1, 2))
    assert last.next_transition.at > LAST
    with pytest.raises(Rejected, match="outside the calendar"):
        market.state_at(LAST + TICK)


def test_overrides_hold_instead_of_the_calendar_for_their_market_alone() -> None:
    told = Overrides(
        {
            DEFAULT: (
                Override(date(2027, 3, 10), None, "Storm", is_holiday=True),
                Override(date(2027, 12, 24), at("2027-12-24T12:00:00Z").time(), "Reopened", is_holiday=False),
            )
        }
    )
    markets = Markets(clock=FixedClock(NOW), overrides=lambda: told)
    desk, equity = markets.default, markets.named(US_EQUITY)

    assert (desk.day(date(2027, 3, 10)).session, desk.day(date(2027, 3, 10)).holiday) == (None, "Storm")
    assert equity.day(date(2027, 3, 10)).session is not None
    reopened = desk.day(date(2027, 12, 24))
    assert (reopened.session.open, reopened.session.close) == (at("2027-12-23T23:00Z"), at("2027-12-24T18:00Z"))
    assert (reopened.holiday, reopened.remark) == (None, "Reopened")
    assert equity.day(date(2027, 12, 24)).holiday == "Christmas"
