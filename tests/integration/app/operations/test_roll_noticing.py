import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from app.bus import keys
from app.bus.stream import QuotePublisher
from app.instruments.models import ContractRoll
from app.instruments.roll_history import breaks_between, list_rolls
from app.instruments.rolls import Break
from app.operations.roll_noticing import notice_rolls
from app.operations.tick import market_tick, plan_tick
from app.operations.tick_steps import NoticeRolls
from app.quotes import Quote
from app.runtime import Runtime
from tests.desk_days import POLICY, Trade, trade, trade_at
from tests.fakes import FixedClock

__all__ = ["trade"]

# The evening of a roll: Monday's session of 2025-12-15 begins on Sunday at 23:00 UTC.
START = datetime(2025, 12, 14, 23, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START + 300 * DAY)


def test_a_roll_is_noticed_once_with_the_times_of_its_events(
    rt: Runtime, trade: Trade, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="app.operations")
    trade(*spell("ESU25", -30 * 60, 0))
    notice_rolls(rt)
    trade(*spell("ESZ25", 0, 3 * 60))

    noticed = [notice_rolls(rt), notice_rolls(rt)]

    assert [[told(row) for row in rows] for rows in noticed] == [[("roll", "ESU25", "ESZ25")], []]
    [roll] = noticed[0]
    assert (roll.last_ts, roll.first_ts, roll.number) == (START - 10 * SECOND, START, 2)
    assert (f"{roll.session_date}", roll.noticed_at) == ("2025-12-15", rt.clock.now())
    assert "ES at REPLAY has rolled from ESU25 to ESZ25 since 2025-12-14 23:00:00 UTC" in caplog.messages
    with rt.sessions() as session:
        assert breaks_between(session, "ES", START - DAY, START + DAY, "REPLAY") == [Break(START - 10 * SECOND, START)]


def test_the_first_contract_is_known_since_its_session_began_and_is_no_roll(rt: Runtime, trade: Trade) -> None:
    trade(*spell("ESU25", -3 * 24 * 3600, -3 * 24 * 3600 + 600), *spell("ESZ25", 0, 90))

    [found] = notice_rolls(rt)

    assert (told(found), found.last_ts, found.first_ts) == (("first", None, "ESZ25"), None, START)


def test_a_moment_of_another_contract_is_no_roll_until_it_stays(rt: Runtime, trade: Trade) -> None:
    trade(*spell("ESU25", 0, 120))
    notice_rolls(rt)

    noticed = []
    for contract, begin, end in (
        ("ESZ25", 120, 150),
        ("ESU25", 150, 160),
        ("ESZ25", 160, 180),
        ("ESU25", 180, 190),
        ("ESZ25", 190, 300),
        ("ESU25", 300, 310),
        ("ESZ25", 310, 600),
    ):
        trade(*spell(contract, begin, end))
        noticed.append([told(row) for row in notice_rolls(rt)])

    assert noticed == [[], [], [], [], [("roll", "ESU25", "ESZ25")], [], []]
    assert rolls(rt)[0].first_ts == START + 190 * SECOND


def test_going_back_to_an_older_contract_is_warned_of_and_is_no_roll_and_neither_is_coming_again(
    rt: Runtime, trade: Trade, caplog: pytest.LogCaptureFixture
) -> None:
    for number, contract in enumerate(("ESU25", "ESZ25", "ESU25", "ESZ25")):
        trade(*spell(contract, number * 300, number * 300 + 300))
        notice_rolls(rt)

    assert [row.kind for row in rolls(rt)] == ["switch", "switch", "roll", "first"]
    assert [record.levelname for record in caplog.records if "which is no later contract" in record.message] == [
        "WARNING",
        "WARNING",
    ]


def test_after_an_outage_all_rolls_of_the_meantime_are_found(rt: Runtime, trade: Trade, clock: FixedClock) -> None:
    trade(*spell("ESU25", 0, 300))
    notice_rolls(rt)
    months = 90 * 24 * 3600
    trade(
        *spell("ESU25", 300, 600),
        *spell("ESZ25", months, months + 300),
        *spell("ESH26", 2 * months, 2 * months + 300),
    )

    assert [told(row) for row in notice_rolls(rt)] == [("roll", "ESU25", "ESZ25"), ("roll", "ESZ25", "ESH26")]
    newest, middle, _first = rolls(rt)
    assert (middle.last_ts, middle.first_ts) == (START + 590 * SECOND, START + months * SECOND)
    assert (newest.last_ts, newest.first_ts) == (
        START + (months + 290) * SECOND,
        START + 2 * months * SECOND,
    )


def test_what_is_not_stored_yet_is_noticed_when_it_is(
    rt: Runtime, trade: Trade, publisher: QuotePublisher, drain: Callable[[], object]
) -> None:
    trade(*spell("ESU25", 0, 300))
    notice_rolls(rt)
    publisher.publish(spell("ESZ25", 300, 600))

    before = notice_rolls(rt)
    drain()

    assert before == []
    assert [told(row) for row in notice_rolls(rt)] == [("roll", "ESU25", "ESZ25")]


def test_quotes_without_a_contract_or_with_that_of_another_symbol_say_nothing(rt: Runtime, trade: Trade) -> None:
    trade(*spell("ESU25", 0, 300))
    notice_rolls(rt)
    trade(*spell(None, 300, 600), *spell("NQZ25", 600, 900), *spell("ES", 900, 1200))

    assert notice_rolls(rt) == []


def test_other_spellings_of_the_active_contract_are_no_roll(rt: Runtime, trade: Trade) -> None:
    trade(*spell("ESU5", 0, 300))
    notice_rolls(rt)
    trade(*spell("ESU25", 300, 600), *spell("ESZ5", 600, 900))

    [found] = notice_rolls(rt)

    assert (told(found), found.last_ts) == (("roll", "ESU25", "ESZ25"), START + 590 * SECOND)


def test_each_symbol_and_source_rolls_by_itself(rt: Runtime, trade: Trade, bus: Redis) -> None:
    trade(*spell("ESU25", 0, 300), *spell("NQU25", 0, 300, symbol="NQ"), *spell(None, 0, 300, symbol="CL"))
    first = notice_rolls(rt)
    trade(*spell("NQZ25", 300, 600, symbol="NQ"))
    # Another source is the newest of ES, and nothing of it is stored.
    bus.hset(keys.latest("ES"), mapping={"source": "SCHWAB", "contract": "ESZ25"})

    assert sorted(told(row) for row in first) == [("first", None, "ESU25"), ("first", None, "NQU25")]
    assert [told(row) for row in notice_rolls(rt)] == [("roll", "NQU25", "NQZ25")]


def test_older_events_that_are_replayed_change_nothing(rt: Runtime, trade: Trade, bus: Redis) -> None:
    trade(*spell("ESZ25", 0, 300))
    notice_rolls(rt)
    bus.delete(keys.latest("ES"))
    trade(*spell("ESU25", -90 * 24 * 3600, -90 * 24 * 3600 + 300))

    assert notice_rolls(rt) == []


def test_a_tick_looks_every_minute(rt: Runtime, trade: Trade, clock: FixedClock) -> None:
    trade(*spell("ESU25", 0, 300))

    looked = []
    for seconds in (0, 15, 59, 60, 61, 119, 120):
        clock.advance(START + 300 * DAY + seconds * SECOND - clock.now())
        looked.append(NoticeRolls() in plan_tick(rt, POLICY))
    clock.advance(MINUTE)
    market_tick(rt, POLICY)

    assert looked == [True, False, False, True, False, False, True]
    assert [told(row) for row in rolls(rt)] == [("first", None, "ESU25")]


def spell(contract: str | None, begin_s: int, end_s: int, symbol: str = "ES") -> list[Quote]:
    """A trade every ten seconds from one second until before another, counted from the start."""
    times = [START + number * SECOND for number in range(begin_s, end_s, 10)]
    return [trade_at(ts, symbol, contract=contract) for ts in times]


def rolls(rt: Runtime) -> list[ContractRoll]:
    """What is kept, newest first."""
    with rt.sessions() as session:
        return list_rolls(session, "ES")


def told(row: ContractRoll) -> tuple[str, str | None, str]:
    """What changed to what."""
    return row.kind, row.from_contract, row.to_contract
