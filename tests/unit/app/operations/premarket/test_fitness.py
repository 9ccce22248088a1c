from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from app.operations.premarket.fitness import SymbolFacts, days_text, facts_form, tell_symbols

DAYS = tuple(date(2025, 10, 6) + timedelta(days=number) for number in range(5))
NONE: frozenset[date] = frozenset()
AT = datetime(2025, 10, 13, 10, tzinfo=UTC)
WHOLE = SymbolFacts("ES", DAYS[0], DAYS, frozenset(DAYS), NONE, NONE, True, AT, "SCHWAB")


def test_nothing_is_told_of_symbols_that_have_everything() -> None:
    assert tell_symbols([WHOLE, replace(WHOLE, symbol="NQ")]) == []


def test_symbols_that_lack_the_same_are_told_together() -> None:
    short = replace(WHOLE, ticks=frozenset(DAYS[1:]))
    others = [short, replace(short, symbol="NQ"), replace(WHOLE, symbol="CL", ticks=frozenset(DAYS[:4]))]

    assert tell_symbols(others) == ["ES, NQ lack 2025-10-06 of 5 sessions", "CL lacks 2025-10-10 of 5 sessions"]


def test_lost_days_are_told_by_what_takes_their_place_and_are_not_missing() -> None:
    lost = replace(WHOLE, ticks=frozenset(DAYS[2:]), lost=frozenset(DAYS[:2]), bars=frozenset(DAYS[1:]))

    assert tell_symbols([lost]) == [
        "ES has lost the ticks of 2025-10-07 (used as one-minute bars); 2025-10-06 (left out)"
    ]


def test_a_market_that_is_closed_is_not_expected_to_have_ticks() -> None:
    silent = replace(WHOLE, last_tick=None)

    assert tell_symbols([silent, replace(silent, symbol="NQ")]) == ["ES, NQ have no tick of the running session"]
    assert tell_symbols([replace(silent, running=False)]) == []


def test_a_long_list_of_symbols_is_cut() -> None:
    silent = [replace(WHOLE, symbol=f"S{number}", last_tick=None) for number in range(10)]

    assert tell_symbols(silent) == ["S0, S1, S2, S3, S4, S5, S6, S7 and 2 more have no tick of the running session"]


def test_many_days_are_counted() -> None:
    assert days_text(DAYS[:3]) == "2025-10-06, 2025-10-07, 2025-10-08"
    assert days_text(DAYS) == "5 days from 2025-10-06 to 2025-10-10"


def test_a_symbol_has_data_where_there_are_ticks_or_bars_in_their_place() -> None:
    without = replace(WHOLE, ticks=NONE, lost=frozenset(DAYS[:1]), bars=frozenset(DAYS[1:]), last_tick=None)

    assert without.is_without_data
    assert not replace(without, bars=frozenset(DAYS)).is_without_data
    assert not replace(without, last_tick=AT).is_without_data
    assert not replace(without, ticks=frozenset(DAYS[:1])).is_without_data


def test_what_is_known_is_plain() -> None:
    lost = replace(WHOLE, ticks=frozenset(DAYS[2:]), lost=frozenset(DAYS[1:2]), bars=frozenset(DAYS), source=None)

    assert facts_form(lost, ["SCHWAB"]) == {
        "begins": "2025-10-06",
        "sessions": 5, "files": 3, "missing": ["2025-10-06"], "damaged": ["2025-10-07"], "with_bars": ["2025-10-07"],
        "source": None, "preferred": None, "last_tick": "2025-10-13T10:00:00.000000Z",
    }  # fmt: skip
    assert facts_form(WHOLE, ["EXCEL"])["preferred"] is False
