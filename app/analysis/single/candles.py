"""How often candle patterns came up: counts and nothing more."""

from collections import Counter
from typing import Final

import numpy as np
import polars as pl
import talib

from app.analysis.bars import SESSION, Floats, floats
from app.analysis.findings import Finding, Scalar, Tree
from app.analysis.inputs import SymbolData

TIMEFRAMES: Final = ("5m", "1h", SESSION)
PATTERNS: Final = tuple(name for name in sorted(dir(talib)) if name.startswith("CDL"))
# The pattern that looks back farthest needs so many bars.
LEAST_BARS: Final = 30
_NO_ODDS: Final = "counts only: candle patterns have not been shown to predict (Marshall, Young and Rose 2006)"


def count_candles(data: SymbolData) -> Tree:
    """By timeframe `5m`, `1h` and `session`: `bullish` and `bearish` count all 61 patterns by the sign TA-Lib gives.

    Some patterns have one sign only: a doji always counts as bullish.
    `patterns` has the plain counts of those that came up, `latest` names those on the newest bar. Each contract is
    looked at by itself.
    """
    return {timeframe: _of_timeframe(data, timeframe) for timeframe in TIMEFRAMES}


def signs(bars: pl.DataFrame) -> dict[str, Floats]:
    """By pattern 1 for bullish, -1 for bearish and 0 for each bar; bars of one contract."""
    prices = [floats(bars, name) for name in ("open", "high", "low", "close")]
    return {name: np.sign(getattr(talib, name)(*prices)).astype(np.float64) for name in PATTERNS}


def _of_timeframe(data: SymbolData, timeframe: str) -> Tree:
    bars = data.frame(timeframe)
    bullish, bearish, latest = Counter[str](), Counter[str](), list[str]()
    seen = 0
    for part in bars.partition_by("segment", maintain_order=True):
        if len(part) < LEAST_BARS:
            continue
        found = signs(part)
        bullish.update({name: int((sign > 0).sum()) for name, sign in found.items()})
        bearish.update({name: int((sign < 0).sum()) for name, sign in found.items()})
        seen += len(part)
        latest = [f"{name} {'bullish' if sign[-1] > 0 else 'bearish'}" for name, sign in found.items() if sign[-1]]
    rows: list[dict[str, Scalar]] = [
        {"pattern": name, "bullish": bullish[name], "bearish": bearish[name]}
        for name in PATTERNS
        if bullish[name] or bearish[name]
    ]
    return {
        "bullish": _total(data, timeframe, "bullish", bullish, seen),
        "bearish": _total(data, timeframe, "bearish", bearish, seen),
        "patterns": rows,
        "latest": latest,
    }


def _total(data: SymbolData, timeframe: str, side: str, counts: Counter[str], seen: int) -> Finding:
    method = f"{side} candles of {len(PATTERNS)} patterns on {timeframe} bars, by TA-Lib's sign; n counts bars"
    basis = data.basis(timeframe)
    if not seen:
        return basis.missing(len(data.frame(timeframe)), method, f"no contract has {LEAST_BARS} {timeframe} bars")
    return basis.found(counts.total(), seen, method, unit="candles", reason=_NO_ODDS)
