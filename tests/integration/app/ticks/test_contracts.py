from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.ticks.contracts import contract_runs, last_tick_of
from tests.factories import DAY, MOMENT, quote
from tests.ticks import store_quotes

SECOND = timedelta(seconds=1)


@pytest.fixture
def stored(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    told = ["ESZ25", "ESZ25", None, "ESZ25", "ESH26", "ESZ25", "ESH26", None, "ESH26"]
    found = [at(number, contract=contract) for number, contract in enumerate(told)]
    others = [at(1, contract="NQZ25", symbol="NQ"), at(4, contract="ESU25", source="EXCEL", seq=99)]
    store_quotes(sessions, [*reversed(found), *others])
    return sessions


def test_runs_are_of_one_contract_in_the_order_of_events_and_ticks_without_one_interrupt_none(
    stored: sessionmaker[Session],
) -> None:
    with stored() as session:
        found = contract_runs(session, "ES", "REPLAY", DAY, MOMENT)

    assert [(name, (first - MOMENT) / SECOND, (last - MOMENT) / SECOND) for name, first, last in found] == [
        ("ESZ25", 0, 3),
        ("ESH26", 4, 4),
        ("ESZ25", 5, 5),
        ("ESH26", 6, 8),
    ]


def test_runs_begin_where_they_are_asked_for(stored: sessionmaker[Session]) -> None:
    with stored() as session:
        begun = contract_runs(session, "ES", "REPLAY", DAY, MOMENT + 6 * SECOND)
        later = contract_runs(session, "ES", "REPLAY", DAY + timedelta(days=1), MOMENT)

    assert [name for name, _first, _last in begun] == ["ESH26"]
    assert later == []


def test_events_of_one_instant_are_in_the_order_of_their_numbers(sessions: sessionmaker[Session]) -> None:
    store_quotes(sessions, [at(0, seq=seq, contract=name) for seq, name in ((3, "ESH26"), (1, "ESZ25"), (2, "ESZ25"))])

    with sessions() as session:
        found = contract_runs(session, "ES", "REPLAY", DAY, MOMENT)

    assert sorted(name for name, _first, _last in found) == ["ESH26", "ESZ25"]
    assert found == [("ESZ25", MOMENT, MOMENT), ("ESH26", MOMENT, MOMENT)]


def test_the_last_tick_of_a_contract_is_found_under_any_of_its_names(stored: sessionmaker[Session]) -> None:
    with stored() as session:
        asked = {
            names: last_tick_of(session, "ES", "REPLAY", names, DAY, start)
            for names, start in (
                (("ESZ5", "ESZ25"), MOMENT),
                (("ESH26",), MOMENT),
                (("ESU25",), MOMENT),
                (("ESZ25",), MOMENT + 6 * SECOND),
            )
        }

    assert list(asked.values()) == [MOMENT + 5 * SECOND, MOMENT + 8 * SECOND, None, None]


def at(second: int, **parts: object) -> object:
    """A tick so many seconds after the moment, with its second for a number."""
    return quote(**{"ts": MOMENT + second * SECOND, "seq": second, **parts})
