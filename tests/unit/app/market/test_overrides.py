from datetime import date, time

import pytest

from app.errors import Rejected
from app.market.markets import LIMITS
from app.market.overrides import MAX_TOLD, NO_OVERRIDES, Override, parse_overrides

ENTRY = "overrides:\n  - markets: [CME_Futures]\n    date: 2027-03-10\n    name: A day\n"


def refused(text: str) -> str:
    with pytest.raises(Rejected) as caught:
        parse_overrides(text, LIMITS)
    return str(caught.value)


def test_a_file_says_what_holds_by_market_in_order_of_days() -> None:
    found = parse_overrides(
        """
        checked_until: 2027-12-31
        overrides:
          - {markets: [US_Equity, CME_Futures], date: 2027-03-11, closed: true, name: Second}
          - {markets: [CME_Futures], date: 2027-03-10, close: "08:30", name: First}
        """,
        LIMITS,
    )

    second = Override(date(2027, 3, 11), None, "Second", is_holiday=True)
    assert found.by_market == {
        "US_Equity": (second,),
        "CME_Futures": (Override(date(2027, 3, 10), time(8, 30), "First", is_holiday=False), second),
    }
    assert found.checked_until == date(2027, 12, 31)


@pytest.mark.parametrize("close", ["08:30", '"08:30"', "'08:30'"])
def test_a_time_is_what_is_written_with_quotes_or_without(close: str) -> None:
    [override] = parse_overrides(f"{ENTRY}    close: {close}\n", LIMITS).by_market["CME_Futures"]

    assert override.close == time(8, 30)


def test_a_time_that_yaml_takes_for_a_number_is_what_is_written() -> None:
    [override] = parse_overrides(f"{ENTRY}    close: 12:15\n", LIMITS).by_market["CME_Futures"]

    assert override.close == time(12, 15)


@pytest.mark.parametrize(
    ("told", "is_holiday"),
    [
        ("closed: true", True),
        ("closed: true\n    holiday: false", False),
        ("close: 12:00", False),
        ("close: 12:00\n    holiday: yes", True),
    ],
)
def test_a_closed_day_is_a_holiday_and_an_early_close_is_none_unless_told(told: str, is_holiday: bool) -> None:
    [override] = parse_overrides(f"{ENTRY}    {told}\n", LIMITS).by_market["CME_Futures"]

    assert override.is_holiday == is_holiday


@pytest.mark.parametrize("text", ["# none yet", "overrides:", "overrides: []", "{}", "checked_until:", "---"])
def test_a_file_may_have_no_overrides(text: str) -> None:
    assert parse_overrides(text, LIMITS) == NO_OVERRIDES


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("close: 8:30", "override 1.close: must be a time such as 08:30"),
        ("close: 24:00", "override 1.close: must be a time such as 08:30"),
        ("close: 12:00:00", "override 1.close: must be a time such as 08:30"),
        ("close: [12, 0]", "override 1.close: must be a time such as 08:30"),
        ("close: 16:01", "override 1: CME_Futures closes at 16:00 at the latest"),
        ("closed: maybe", "override 1.closed: must be true or false"),
        ("closed: false", "override 1: needs either closed: true or a close, and not both"),
        ("closed: true\n    close: 12:00", "override 1: needs either closed: true or a close, and not both"),
        ("close: 12:00\n    open: 09:00", "override 1.open: there is no such key"),
        ("close: 12:00\n    name: Again", "line 6: 'name' is told twice"),
        ("close: *noon", "line 5: write it out: aliases are not read"),
    ],
)
def test_what_is_wrong_with_an_override_is_told_with_its_place(told: str, reason: str) -> None:
    assert refused(f"{ENTRY}    {told}\n") == reason


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("date", "2027-02-30", "override 1.date: must be a date such as 2027-03-10"),
        ("date", "10.3.2027", "override 1.date: must be a date such as 2027-03-10"),
        ("date", "2027-W10-3", "override 1.date: must be a date such as 2027-03-10"),
        ("date", "2027-03-10 08:30:00", "override 1.date: must be a date such as 2027-03-10"),
        ("date", "2207-03-10", "override 1.date: must be from 2000 to 2099"),
        ("date", "2027-03-13", "override 1: 2027-03-13 is a Saturday: sessions are labelled Monday to Friday"),
        ("markets", "[Moon]", f"override 1: there is no market 'Moon': known are {', '.join(LIMITS)}"),
        ("markets", "[CME_Futures, CME_Futures]", "override 1: CME_Futures on 2027-03-10 is told twice"),
        ("markets", "CME_Futures", "override 1.markets: Input should be a valid list"),
        ("name", '"a\\e[31m"', "override 1.name: holds a character that cannot be printed"),
        ("name", '""', "override 1.name: String should have at least 1 character"),
        ("name", '"  "', "override 1.name: must say why"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(key: str, value: str, reason: str) -> None:
    entry = {"markets": "[CME_Futures]", "date": "2027-03-10", "name": "A day", "closed": "true"} | {key: value}
    text = "overrides:\n- " + "\n  ".join(f"{name}: {given}" for name, given in entry.items())

    assert refused(text) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("- a list", "must have the key overrides"),
        ("words", "must have the key overrides"),
        ("overrides: words", "overrides: must be a list"),
        ("overrides: [words]", "override 1: must have keys, such as markets and date"),
        ("closures: []", "closures: there is no such key"),
        ('"\\e[31m": 1', "'\\x1b[31m': there is no such key"),
        ("checked_until: soon", "checked_until: must be a date"),
        ("checked_until: 9999-12-31", "checked_until: must be from 2000 to 2099"),
        ("overrides: []\noverrides: []", "line 2: 'overrides' is told twice"),
        ("overrides: [", "line 1"),
        ("a: b: c", "line 1: mapping values are not allowed here"),
        ("? [a]\n: b", "line 1"),
        ("overrides: [!!python/object/apply:os.system [true]]", "override 1: must have keys"),
        ("a: &a [x]\nb: [*a, *a]", "line 2: write it out: aliases are not read"),
        ("\x00", "not YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_file_of_overrides_is_refused(text: str, reason: str) -> None:
    assert reason in refused(text)


def test_a_us_equity_session_cannot_end_before_it_begins() -> None:
    assert refused(f"{ENTRY}    close: 09:30\n".replace("CME_Futures", "US_Equity")) == (
        "override 1: US_Equity opens at 09:30: its close must be later"
    )


def test_a_day_of_a_market_is_told_once() -> None:
    twice = f"{ENTRY}    closed: true\n" + f"{ENTRY}    close: 12:00\n".removeprefix("overrides:\n")

    assert refused(twice) == "override 2: CME_Futures on 2027-03-10 is told twice"


def test_all_problems_are_told_at_once() -> None:
    told = refused(
        "checked_until: x\nfoo: 1\noverrides: [{}, {markets: [Moon], date: 2027-03-10, name: x, closed: no}]"
    )

    assert [problem.partition(":")[0] for problem in told.split("; ")] == [
        "checked_until",
        "foo",
        "override 1.markets",
        "override 1.date",
        "override 1.name",
        "override 2",
    ]


def test_a_flood_of_problems_is_cut() -> None:
    told = refused("overrides: [" + "x," * 1000 + "]").split("; ")

    assert len(told) == MAX_TOLD + 1
    assert told[-1] == "and 980 more"
