"""Which contracts a source's stored ticks of a symbol name, and from when to when."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.ticks.models import Tick

_RUNS: Final = text("""
SELECT min(contract), min(ts), max(ts) FROM (
    SELECT contract, ts, count(*) FILTER (WHERE is_new) OVER (ORDER BY ts, seq) AS run FROM (
        SELECT contract, ts, seq, contract IS DISTINCT FROM lag(contract) OVER (ORDER BY ts, seq) AS is_new
        FROM ticks
        WHERE session_date >= :day AND symbol = :symbol AND source = :source AND ts >= :start
            AND contract IS NOT NULL
    ) AS marked
) AS counted GROUP BY run ORDER BY min(ts), run
""")


def contract_runs(
    session: Session, symbol: str, source: str, day: date, start: datetime
) -> list[tuple[str, datetime, datetime]]:
    """The runs of one contract in a source's ticks from `start` on, `day` being its trading day, in order.

    Each as the contract's name and the times of its first and last tick; ticks without a contract interrupt no run.
    Reads every such tick.
    """
    asked = {"symbol": symbol, "source": source, "day": day, "start": start}
    return [(row[0], row[1], row[2]) for row in session.execute(_RUNS, asked)]


def last_tick_of(
    session: Session, symbol: str, source: str, contracts: Collection[str], day: date, start: datetime
) -> datetime | None:
    """When a source last told one of these contracts from `start` on, `day` being its trading day; None when never."""
    query = select(Tick.ts).where(
        Tick.session_date >= day,
        Tick.symbol == symbol,
        Tick.source == source,
        Tick.ts >= start,
        Tick.contract.in_(contracts),
    )
    return session.scalar(query.order_by(Tick.ts.desc()).limit(1))
