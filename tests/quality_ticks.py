"""Sessions without a fault, and tick files in which tests plant one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

import pyarrow.parquet as pq

from app.analysis.inputs import SymbolInput, Terms, TickFile
from app.lake.facts import file_digest
from app.lake.layout import Lake
from app.market.sessions import Session as Hours
from app.quotes import Quote
from tests.factories import quote
from tests.ticks import HOURS, tick_table

TICK = Decimal("0.25")
ES = Terms(0.25, 50.0)
STEP = timedelta(seconds=20)


@cache
def sound_quotes(hours: Hours = HOURS, source: str = "SIMULATED", step: timedelta = STEP) -> tuple[Quote, ...]:
    """A session's ticks in equal steps from just after its open: a price that rises and falls by a tick, and a spread
    of one tick."""
    count = (hours.close - hours.open) // step
    return tuple(
        quote(
            source=source,
            seq=place + 1,
            ts=hours.open + step * place + timedelta(seconds=1),
            recv_ts=hours.open + step * place + timedelta(seconds=1, milliseconds=50),
            session_date=hours.day,
            last=(price := 6_700 + TICK * (place % 8)),
            bid=price - TICK,
            ask=price,
            bid_size=1 + place % 5,
            ask_size=1 + place % 7,
            volume=place + 1,
        )
        for place in range(count)
    )


def write_as_is(lake: Lake, quotes: Sequence[Quote], hours: Hours = HOURS, symbol: str = "ES") -> TickFile:
    """A tick file with quotes in the order given, however faulty, and what its publisher would have recorded."""
    path = lake.ticks_file(hours.day, symbol)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = tick_table(quotes)
    # They are stored 400 ms after they were received.
    place = table.schema.get_field_index("created_at")
    stored = [found.recv_ts + timedelta(milliseconds=400) for found in quotes]
    table = table.set_column(place, table.schema.field(place), [stored])
    pq.write_table(table, path, write_page_checksum=True)
    return TickFile(hours.day, path, file_digest(path), len(quotes))


def given(
    files: Iterable[TickFile], hours: Iterable[Hours] = (HOURS,), terms: Terms | None = ES, symbol: str = "ES"
) -> SymbolInput:
    """What the analysis is given of a symbol."""
    return SymbolInput(symbol, tuple(hours), tuple(files), terms, 252.0)


def altered(quotes: Sequence[Quote], change: Callable[[Quote], Quote], *places: int) -> list[Quote]:
    """The quotes with those at some places changed."""
    return [change(found) if place in places else found for place, found in enumerate(quotes)]


class RememberingCache:
    """A cache in memory that tells what was asked of it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}
        self.hits = 0

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put under a key."""
        found = self.kept.get((kind, key))
        self.hits += found is not None
        return found

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep something for good."""
        self.kept[kind, key] = data


def after(hours: Hours, seconds: float) -> datetime:
    """An instant so long after a session's open."""
    return hours.open + timedelta(seconds=seconds)
