"""A small lake with its manifest, for tests of its copy in a bucket."""

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.schemas import BAR_FILE
from app.quotes import Quote
from tests.factories import DAY
from tests.lake_days import export_quotes, record_bars
from tests.ticks import LATER, bar_table, trade

NEXT = DAY + timedelta(days=1)
DAYS = (DAY, NEXT)
SYMBOLS = ("ES", "NQ")
ES, NQ = (f"ticks/date=2025-10-09/symbol={symbol}/ticks.parquet" for symbol in SYMBOLS)
BARS_OF_ES = "bars/date=2025-10-09/symbol=ES/bars_1m.parquet"
FILES_A_DAY = 3
END_HOLDERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database "
    "AND d.datname = current_database() WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
)


def fill_lake(sessions: sessionmaker[Session], lake: Lake, days: tuple[date, ...] = DAYS) -> None:
    """Publish and record ticks of ES and NQ and bars of ES."""
    for day in days:
        for symbol in SYMBOLS:
            export_quotes(sessions, lake, trades(day, symbol))
        bars = bar_table(trades(day, "ES")[:5]).to_batches()
        target = lake.bars_file(day, "ES", "1m")
        facts = publish(lake, target, BAR_FILE, bars, day=day, symbol="ES", taken_at=LATER)
        record_bars(sessions, lake, day, facts)


def trades(day: date, symbol: str, count: int = 300) -> list[Quote]:
    """A trade a minute from the session's open on, at prices that differ."""
    first_s = (day - DAY).days * 86_400
    return [trade(first_s + 60 * i, 6700 + i / 4, i, symbol=symbol, session_date=day, seq=i + 1) for i in range(count)]
