"""Which symbols rose most for their volatility, as far as the data can tell them apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from app.analysis.bars import Floats, log_returns, usable
from app.analysis.findings import Finding, Tree
from app.analysis.inputs import SymbolData

TIMEFRAME: Final = "1h"
MINIMUM_SYMBOLS: Final = 3
MINIMUM_BARS: Final = 100
_MOMENTUM: Final = "mean over volatility of returns, times the root of n (Moskowitz, Ooi, Pedersen 2012; Mertens 2002)"
_RANK: Final = "1 + symbols whose 95 % interval of momentum lies wholly above"


@dataclass(frozen=True, slots=True)
class Momentum:
    """The return of a window in units of its volatility, with its standard error; `n` returns."""

    value: float
    stderr: float
    n: int

    @property
    def ci(self) -> tuple[float, float]:
        """The 95 % interval."""
        return self.value - 1.959964 * self.stderr, self.value + 1.959964 * self.stderr


def momentum_of(returns: Floats) -> Momentum:
    """The vol-scaled momentum of usable returns that are not all the same."""
    n = len(returns)
    ratio = float(returns.mean() / returns.std(ddof=1))
    skew, kurtosis = float(stats.skew(returns)), float(stats.kurtosis(returns, fisher=False))
    spread = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    return Momentum(ratio * math.sqrt(n), math.sqrt(spread), n)


def ranks(intervals: Sequence[tuple[float, float]]) -> list[int]:
    """The rank of each interval: 1 + how many lie wholly above it; those that overlap with the best share rank 1."""
    return [1 + sum(other[0] > one[1] for other in intervals) for one in intervals]


def rank_symbols(datas: Mapping[str, SymbolData]) -> Tree:
    """By symbol `rank` and `momentum`; ranks need three symbols with 100 hourly returns each.

    A rank that is shared names with whom; where all symbols share one the status is `not_significant`.
    """
    returns = {symbol: usable(log_returns(data.frame(TIMEFRAME))) for symbol, data in datas.items()}
    known = {
        symbol: momentum_of(one) for symbol, one in returns.items() if len(one) >= MINIMUM_BARS and np.ptp(one) > 1e-12
    }
    places = dict(zip(known, ranks([one.ci for one in known.values()]), strict=True))
    return {
        symbol: {
            "rank": _rank(symbol, places, known, data),
            "momentum": _momentum(known.get(symbol), len(returns[symbol]), data),
        }
        for symbol, data in datas.items()
    }


def _momentum(found: Momentum | None, n: int, data: SymbolData) -> Finding:
    method = f"{_MOMENTUM}; {TIMEFRAME} bars"
    basis = data.basis(TIMEFRAME)
    if found is None:
        reason = f"there are {n} usable returns of an hour, and {MINIMUM_BARS} that differ are needed"
        return basis.missing(n, method, reason)
    return basis.found(found.value, n, method, stderr=found.stderr, ci=found.ci)


def _rank(symbol: str, places: Mapping[str, int], known: Mapping[str, Momentum], data: SymbolData) -> Finding:
    basis = data.basis(TIMEFRAME)
    if len(places) < MINIMUM_SYMBOLS or symbol not in places:
        reason = (
            f"{len(places)} symbols have a momentum, and a ranking needs {MINIMUM_SYMBOLS}"
            if len(places) < MINIMUM_SYMBOLS
            else "the symbol has no momentum"
        )
        return basis.missing(0, _RANK, reason)
    mine = known[symbol].ci
    tied = [
        other
        for other, place in places.items()
        if other != symbol
        and place == places[symbol]
        and known[other].ci[0] <= mine[1]
        and mine[0] <= known[other].ci[1]
    ]
    is_open = set(places.values()) == {1}
    return basis.found(
        places[symbol],
        known[symbol].n,
        _RANK,
        status="not_significant" if is_open else "ok",
        label=f"of {len(places)}" + (f", tied with {', '.join(tied)}" if tied else ""),
        reason="the symbols cannot be told apart" if is_open else "",
    )
