"""How far the two live sources are apart, minute by minute."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from app.analysis.quality.counts import Divergence
from app.analysis.quality.file_scan import FileScan
from app.instruments.rolls import canonical_contract, comparable

LIVE_PAIR: Final = frozenset({"EXCEL", "SCHWAB"})
APART_TICKS: Final = 2
# Twice the middle of the last quote of each minute, which needs no division.
_QUOTES: Final = """
WITH quotes AS (
    SELECT source, (epoch_us(ts) - $open) // 60000000 AS minute, arg_max(bid + ask, (ts, seq)) AS doubled,
        arg_max(contract, (ts, seq)) AS contract
    FROM {rows}
    WHERE source IN ('EXCEL', 'SCHWAB') AND bid IS NOT NULL AND ask IS NOT NULL
        AND epoch_us(ts) >= $open AND epoch_us(ts) < least($close, $until)
    GROUP BY ALL
)
SELECT abs(one.doubled - other.doubled) AS doubled, one.contract AS one, other.contract AS other
FROM quotes AS one JOIN quotes AS other USING (minute)
WHERE one.source = 'EXCEL' AND other.source = 'SCHWAB'
"""


def measure_divergence(scan: FileScan, tick: Decimal) -> Divergence:
    """The last middles of the minutes in which both sources quote the same contract, compared in sizes of a tick."""
    symbol, at = scan.scope.symbol, scan.scope.hours.open
    apart = [
        row["doubled"] / (2 * tick) for row in scan.ask(_QUOTES) if _same_contract(symbol, row["one"], row["other"], at)
    ]
    return Divergence(
        minutes=len(apart), apart=sum(ticks > APART_TICKS for ticks in apart), largest=float(max(apart, default=0))
    )


def _same_contract(symbol: str, one: str | None, other: str | None, at: datetime) -> bool:
    return comparable(canonical_contract(symbol, one, at), canonical_contract(symbol, other, at))
