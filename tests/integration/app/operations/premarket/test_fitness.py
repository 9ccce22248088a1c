from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest

from app.ledger.balance import Balance, save_balances
from app.operations.exporting import export_session
from app.operations.premarket.fitness import SymbolFacts, gather_symbols, tell_symbols
from app.operations.premarket.stage_data import Need
from app.runtime import Runtime
from tests.desk_days import Trade, trade, trade_at
from tests.fakes import FixedClock
from tests.lake_days import purge

__all__ = ["trade"]

ES: Final = "CME_Futures"
WEDNESDAY, THURSDAY, FRIDAY = date(2025, 10, 8), date(2025, 10, 9), date(2025, 10, 10)
OPEN = datetime(2025, 10, 9, 22, tzinfo=UTC)
DUE = datetime(2025, 10, 10, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEED = Need(["NQ", "ES"], WEDNESDAY, FRIDAY, DUE, DUE, DUE + HOUR)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(DUE)


def test_files_tell_what_there_is_of_each_symbol(rt: Runtime, trade: Trade) -> None:
    trade(*(trade_at(OPEN - days * 24 * HOUR + HOUR) for days in (2, 1, 0)), trade_at(OPEN - 23 * HOUR, "NQ"))
    for day in (WEDNESDAY, THURSDAY, FRIDAY):
        export_session(rt, ES, day)
    purge(rt.sessions, WEDNESDAY)
    rt.lake.ticks_file(WEDNESDAY, "ES").unlink()

    nq, es = gather_symbols(rt, NEED)

    over, thursday, wednesday = (WEDNESDAY, THURSDAY), frozenset({THURSDAY}), frozenset({WEDNESDAY})
    assert nq == SymbolFacts("NQ", THURSDAY, (THURSDAY,), thursday, frozenset(), thursday, running=True)
    assert (es.sessions, es.ticks, es.lost) == (over, thursday | {FRIDAY}, wednesday)
    assert (es.bars, es.running, es.last_tick) == (thursday | wednesday | {FRIDAY}, True, OPEN + HOUR)
    assert tell_symbols([nq, es]) == [
        "NQ has no tick of the running session",
        "ES has lost the ticks of 2025-10-08 (used as one-minute bars)",
    ]


def test_a_file_that_nobody_recorded_counts(rt: Runtime, trade: Trade) -> None:
    path = rt.lake.ticks_file(THURSDAY, "ES")
    path.parent.mkdir(parents=True)
    path.touch()

    _, es = gather_symbols(rt, NEED)

    assert (es.ticks, es.lost) == (frozenset({THURSDAY}), frozenset())


def test_ticks_that_came_after_the_as_of_are_none_of_the_running_session(rt: Runtime, trade: Trade) -> None:
    trade(trade_at(DUE + HOUR))
    export_session(rt, ES, FRIDAY)

    _, es = gather_symbols(rt, NEED)

    assert (es.running, es.last_tick, es.is_without_data) == (True, None, True)


def test_the_source_is_the_one_with_ticks_on_most_days_then_with_most_ticks(rt: Runtime) -> None:
    stored = [
        ("SCHWAB", "ES", THURSDAY, 900), ("REPLAY", "ES", WEDNESDAY, 1), ("REPLAY", "ES", THURSDAY, 1),
        ("EXCEL", "ES", WEDNESDAY, 0), ("EXCEL", "ES", THURSDAY, 0), ("EXCEL", "ES", FRIDAY, 0),
        ("SCHWAB", "NQ", THURSDAY, 2), ("REPLAY", "NQ", FRIDAY, 3), ("SCHWAB", "NQ", date(2025, 10, 6), 9),
    ]  # fmt: skip
    rows = [Balance(source, symbol, day, count, count, 0, 0, 0, 0, "balanced") for source, symbol, day, count in stored]
    with rt.sessions.begin() as session:
        save_balances(session, rows, DUE)

    assert [one.source for one in gather_symbols(rt, NEED)] == ["REPLAY", "REPLAY"]
