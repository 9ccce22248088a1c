"""The technical indicators that traders know, by TA-Lib, at the newest bar of a timeframe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import talib

from app.analysis.bars import SESSION, Floats, floats
from app.analysis.data.continuous import continuous
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.single.windows import basis_of

TIMEFRAMES: Final = ("5m", "1h", SESSION)
MOST_BARS: Final = 1_000
# From here on a smoothed value no longer shows where the smoothing began: Wilder's of 14 bars then weighs it 4e-8.
SETTLED: Final = 244
_ADJUSTED: Final = "older contracts shifted to the newest without a jump"


@dataclass(frozen=True)
class Prices:
    """Arrays of one length, oldest first; `volume` is NaN where a bar has none."""

    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@dataclass(frozen=True)
class Indicator:
    """How an indicator is made: the bars it needs, and those within which the price must have moved (0: none).

    `smoothed` ones depend on every bar before, less and less. `counted` ones need volume.
    """

    title: str
    make: Callable[[Prices], Floats]
    bars: int
    unit: str = "points"
    moving: int = 0
    smoothed: bool = False
    counted: bool = False


def _sma(period: int) -> Indicator:
    return Indicator(f"SMA {period}", lambda p: talib.SMA(p.close, period), period)


def _ema(period: int) -> Indicator:
    return Indicator(f"EMA {period}", lambda p: talib.EMA(p.close, period), period, smoothed=True)


def _macd(part: int, title: str) -> Indicator:
    return Indicator(f"MACD 12/26/9, {title}", lambda p: talib.MACD(p.close, 12, 26, 9)[part], 34, smoothed=True)


def _bollinger(part: int, title: str) -> Indicator:
    return Indicator(f"Bollinger band 20/2, {title}", lambda p: talib.BBANDS(p.close, 20, 2.0, 2.0)[part], 20)


def _stochastic(part: int, title: str) -> Indicator:
    return Indicator(
        f"Stochastic 14/3/3, {title}", lambda p: talib.STOCH(p.high, p.low, p.close, 14, 3, slowd_period=3)[part], 18,
        unit="0 to 100", moving=18,
    )  # fmt: skip


INDICATORS: Final[Mapping[str, Indicator]] = {
    "sma_20": _sma(20),
    "sma_50": _sma(50),
    "sma_200": _sma(200),
    "ema_12": _ema(12),
    "ema_26": _ema(26),
    "macd": _macd(0, "line"),
    "macd_signal": _macd(1, "signal"),
    "macd_histogram": _macd(2, "histogram"),
    "rsi_14": Indicator(
        "RSI 14, Wilder 1978", lambda p: talib.RSI(p.close, 14), 15, unit="0 to 100", moving=MOST_BARS, smoothed=True
    ),
    "atr_14": Indicator("ATR 14, Wilder 1978", lambda p: talib.ATR(p.high, p.low, p.close, 14), 15, smoothed=True),
    "adx_14": Indicator(
        "ADX 14, Wilder 1978", lambda p: talib.ADX(p.high, p.low, p.close, 14), 28, unit="0 to 100", moving=MOST_BARS,
        smoothed=True,
    ),
    "bollinger_upper": _bollinger(0, "upper"),
    "bollinger_middle": _bollinger(1, "middle"),
    "bollinger_lower": _bollinger(2, "lower"),
    "stochastic_k": _stochastic(0, "slow %K"),
    "stochastic_d": _stochastic(1, "slow %D"),
    "cci_14": Indicator(
        "CCI 14, Lambert 1980", lambda p: talib.CCI(p.high, p.low, p.close, 14), 14, unit="index", moving=14
    ),
    "mfi_14": Indicator(
        "MFI 14", lambda p: talib.MFI(p.high, p.low, p.close, p.volume, 14), 15, unit="0 to 100", moving=15,
        counted=True,
    ),
    "obv": Indicator(
        "OBV since the first bar of the window", lambda p: talib.OBV(p.close, p.volume), 2, unit="contracts",
        counted=True,
    ),
}  # fmt: skip


def measure_indicators(data: SymbolData) -> Tree:
    """By timeframe `5m`, `1h` and `session` the newest value of each indicator; n counts the bars behind it.

    The newest 1,000 bars are used, older contracts shifted to the newest. Too few bars for an indicator are
    `insufficient_data`, fewer than 244 for a smoothed one `low_history`.
    """
    return {timeframe: _of_timeframe(data, timeframe) for timeframe in TIMEFRAMES}


def _of_timeframe(data: SymbolData, timeframe: str) -> Tree:
    bars = continuous(data.frame(timeframe).tail(MOST_BARS), "difference")
    basis, prices = basis_of(bars, timeframe, data.asof), prices_of(bars)
    return {name: _newest(indicator, prices, basis, timeframe) for name, indicator in INDICATORS.items()}


def prices_of(bars: pl.DataFrame) -> Prices:
    """The prices of bars."""
    return Prices(floats(bars, "high"), floats(bars, "low"), floats(bars, "close"), floats(bars, "volume"))


def _newest(indicator: Indicator, prices: Prices, basis: Basis, timeframe: str) -> Finding:
    method = f"{indicator.title} of {timeframe} bars, TA-Lib; {_ADJUSTED}"
    count = len(prices.close)
    if count < indicator.bars:
        reason = f"{count} {timeframe} bars, {indicator.bars} are needed"
        return basis.missing(count, method, reason, unit=indicator.unit)
    if indicator.counted and not _has_volume(prices, indicator.bars):
        return basis.missing(count, method, "the source does not count the volume of every bar", unit=indicator.unit)
    if indicator.moving and _stood_still(prices, indicator.moving):
        return basis.missing(count, method, "the price did not move", status="degraded_data", unit=indicator.unit)
    value = float(indicator.make(prices)[-1])
    if not np.isfinite(value):
        return basis.missing(count, method, "TA-Lib gave no number", status="degraded_data", unit=indicator.unit)
    young = indicator.smoothed and count < SETTLED
    reason = f"{count} of {SETTLED} bars after which the beginning no longer shows" if young else ""
    return basis.found(
        value, count, method, unit=indicator.unit, status="low_history" if young else "ok", reason=reason
    )


def _has_volume(prices: Prices, bars: int) -> bool:
    return bool(np.isfinite(prices.volume).all() and prices.volume[-bars:].any())


def _stood_still(prices: Prices, bars: int) -> bool:
    return bool(prices.high[-bars:].max() == prices.low[-bars:].min())
