"""The few points that pictures of an analysis are drawn from, as plain numbers."""

from typing import Any, Final

import polars as pl

from app.analysis.bars import SESSION
from app.analysis.inputs import SymbolData
from app.clock import instant_text

MOST_POINTS: Final = 240
# The finest timeframe that fits into a picture comes first.
_FINEST: Final = ("5m", "15m", "1h", SESSION)


def chart_points(data: SymbolData) -> dict[str, Any]:
    """`closes`: at most 240 pairs of an instant and the close then, the newest last, and the `timeframe` of them.

    A long range is shown by its sessions, the newest 240 of them; a price is that of the contract as it traded.
    """
    name = next((one for one in _FINEST if 0 < len(data.frame(one)) <= MOST_POINTS), SESSION)
    bars = data.frame(name).tail(MOST_POINTS)
    return {"timeframe": name, "closes": _pairs(bars, "close"), "volume": _volume(bars)}


def _pairs(bars: pl.DataFrame, column: str) -> list[list[Any]]:
    return [[instant_text(moment), price] for moment, price in bars.select("t_close", column).iter_rows()]


def _volume(bars: pl.DataFrame) -> list[int | None]:
    return bars["volume"].to_list()
