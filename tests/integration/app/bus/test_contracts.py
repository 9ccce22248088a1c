from datetime import timedelta

from redis import Redis

from app.bus import keys
from app.bus.contracts import Quoted, quoted_contracts
from app.bus.stream import QuotePublisher
from tests.factories import MOMENT, quote, wire

SECOND = timedelta(seconds=1)
LATER = MOMENT + SECOND


def test_the_newest_quotes_tell_contracts_by_symbol_and_source(bus: Redis, publisher: QuotePublisher) -> None:
    publisher.publish(
        [
            quote(seq=1),
            quote(seq=2, ts=LATER, contract="ESH26"),
            quote(seq=3, symbol="NQ", contract=None),
            quote(seq=4, symbol="CL", contract="CLF26"),
        ]
    )

    assert quoted_contracts(bus) == [
        Quoted("CL", "REPLAY", "CLF26", MOMENT),
        Quoted("ES", "REPLAY", "ESH26", LATER),
    ]


def test_what_a_live_source_said_last_counts_also_when_another_was_later(bus: Redis) -> None:
    bus.hset(keys.latest("ES"), mapping=wire(source="SCHWAB", contract="ESH26"))
    bus.hset(keys.by_source("SCHWAB", "ES"), mapping=wire(source="SCHWAB", contract="ESZ25", ts=text(-1)))
    bus.hset(keys.by_source("EXCEL", "ES"), mapping=wire(source="EXCEL", contract="ESZ25", ts=text(-2)))
    bus.hset(keys.by_source("EXCEL", "NQ"), mapping=wire(source="EXCEL", symbol="NQ", contract=None))

    assert quoted_contracts(bus) == [
        Quoted("ES", "EXCEL", "ESZ25", MOMENT - 2 * SECOND),
        Quoted("ES", "SCHWAB", "ESH26", MOMENT),
    ]


def test_an_empty_bus_says_nothing(bus: Redis) -> None:
    assert quoted_contracts(bus) == []


def text(seconds: int) -> str:
    return f"{MOMENT + seconds * SECOND:%Y-%m-%dT%H:%M:%S.%fZ}"
