"""What concerns several symbols together, as findings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from app.analysis.bars import Floats, log_returns, usable
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.portfolio.correlation import (
    MINIMUM_BARS,
    Correlation,
    asynchronous_figure,
    correlate,
    correlation_figure,
    shortage,
)
from app.analysis.portfolio.diversification import (
    diversification_ratio,
    equal_risk_weights,
    equal_weights,
    inverse_volatility_weights,
    volatility_of,
)
from app.analysis.portfolio.ranking import rank_symbols
from app.analysis.portfolio.synchrony import TIMEFRAME, Common, common_returns, moves
from app.analysis.question import Parameters

FINEST: Final = "1m"
MIXES: Final[Mapping[str, Callable[[Floats], Floats | None]]] = MappingProxyType(
    {
        "equal": equal_weights,
        "inverse_volatility": inverse_volatility_weights,
        "equal_risk": equal_risk_weights,
    }
)
_ALONE: Final = "one symbol is no portfolio"
_WEIGHT: Final = "share of the notional; {mix} weights"
_SOURCES: Final = {
    "equal": "equal",
    "inverse_volatility": "inverse-volatility",
    "equal_risk": "equal-risk (Maillard, Roncalli, Teiletche 2010)",
}
_VOLATILITY: Final = "root of w'Sw a year, Ledoit-Wolf 2004"
_RATIO: Final = "diversification ratio (Choueifaty, Coignard 2008)"
_BETS: Final = "square of the diversification ratio (Choueifaty, Froidure, Reynier 2013)"
_EXPOSURE: Final = "notional whose volatility is the target"
_NAMES: Final = ("volatility", "diversification_ratio", "effective_bets", "exposure")


@dataclass(frozen=True)
class _Book:
    """Symbols with enough bars, their common returns, and their covariance a year; or the reason why there is none."""

    symbols: tuple[str, ...]
    n: int
    basis: Basis
    common: Common
    correlation: Correlation | None = None
    covariance: Floats | None = None
    reason: str = ""


def analyse_portfolio(datas: Mapping[str, SymbolData], parameters: Parameters) -> Tree:
    """`correlation`, `diversification`, `weights` and `ranking` of symbols, of which there is at least one.

    `correlation` has the `timeframe`, the `matrix` and its asynchronous twin `hayashi_yoshida`, each by symbol and
    symbol. `diversification` and `weights` are told for each of `MIXES`, long positions in shares of the notional;
    `exposure` is the notional that has the target volatility. `ranking` is by symbol. A symbol with fewer than 100
    returns of 15 minutes is left out of all mixes; without two symbols every figure says why it is missing.
    """
    book = _book(datas)
    mixes = {name: None if book.covariance is None else mix(book.covariance) for name, mix in MIXES.items()}
    return {
        "correlation": {
            "timeframe": TIMEFRAME,
            "matrix": _matrix(datas, book),
            "hayashi_yoshida": _asynchronous(datas, book.basis),
        },
        "diversification": {name: _diversification(name, mixes[name], book, parameters) for name in MIXES},
        "weights": {name: _weights(name, mixes[name], tuple(datas), book) for name in MIXES},
        "ranking": rank_symbols(datas),
    }


def _book(datas: Mapping[str, SymbolData]) -> _Book:
    counts = {symbol: len(usable(log_returns(data.frame(TIMEFRAME)))) for symbol, data in datas.items()}
    chosen = {symbol: data for symbol, data in datas.items() if counts[symbol] >= MINIMUM_BARS}
    common = common_returns(chosen)
    n, asof = len(common.returns), max(data.asof for data in datas.values())
    basis = Basis(f"{n:,} common returns of {TIMEFRAME} in {common.sessions} sessions", asof)
    reason = _ALONE if len(datas) < 2 else ""
    if not reason and len(chosen) < 2:
        reason = f"{len(chosen)} symbols have {MINIMUM_BARS} returns of {TIMEFRAME}, and a portfolio needs 2"
    reason = reason or shortage(common)
    found = None if reason else correlate(common)
    if not reason and found is None:
        reason = "one of the prices did not move"
    if found is None:
        return _Book(tuple(chosen), n, basis, common, reason=reason)
    yearly = np.mean([data.sessions_per_year for data in chosen.values()]) * n / common.sessions
    covariance = found.shrunk * np.outer(found.deviations, found.deviations) * yearly
    return _Book(tuple(chosen), n, basis, common, found, covariance)


def _matrix(datas: Mapping[str, SymbolData], book: _Book) -> Tree:
    method = f"Ledoit-Wolf 2004 correlation, {TIMEFRAME} bars"

    def figure(one: str, other: str) -> Finding:
        absent = next((name for name in (one, other) if name not in book.symbols), None)
        if book.correlation is None or absent is not None:
            return book.basis.missing(book.n, method, book.reason or _left_out(absent))
        pair = (book.symbols.index(one), book.symbols.index(other))
        return correlation_figure(book.common, book.correlation, pair, book.basis, TIMEFRAME)

    return {one: {other: figure(one, other) for other in datas} for one in datas}


def _asynchronous(datas: Mapping[str, SymbolData], basis: Basis) -> Tree:
    if len(datas) < 2:
        only = basis.missing(0, "Hayashi-Yoshida 2005", _ALONE)
        return {symbol: {symbol: only} for symbol in datas}
    known = {symbol: moves(data.frame(FINEST)) for symbol, data in datas.items()}
    found: dict[str, dict[str, Finding]] = {symbol: {} for symbol in datas}
    for place, one in enumerate(datas):
        for other in list(datas)[place:]:
            lined = Basis(f"{FINEST} bars, {len(known[one].returns):,} and {len(known[other].returns):,}", basis.asof)
            found[one][other] = asynchronous_figure(known[one], known[other], lined, FINEST)
            found[other][one] = found[one][other]
    return {one: {other: found[one][other] for other in datas} for one in datas}


def _diversification(mix: str, weights: Floats | None, book: _Book, parameters: Parameters) -> Tree:
    methods = dict(zip(_NAMES, (_VOLATILITY, _RATIO, _BETS, _EXPOSURE), strict=True))
    text = f"{_SOURCES[mix]} weights, {TIMEFRAME} bars"
    ratio = None if weights is None or book.covariance is None else diversification_ratio(weights, book.covariance)
    if weights is None or book.covariance is None or ratio is None:
        reason = book.reason or _riskless(weights)
        return {name: book.basis.missing(book.n, f"{methods[name]}; {text}", reason) for name in _NAMES}
    volatility = volatility_of(weights, book.covariance)
    values = (volatility, ratio, ratio**2, parameters.target_volatility * parameters.equity / volatility)
    units = ("a year", "", "bets", "currency")
    return {
        name: book.basis.found(value, book.n, f"{methods[name]}; {text}", unit=unit)
        for name, value, unit in zip(_NAMES, values, units, strict=True)
    }


def _weights(mix: str, weights: Floats | None, symbols: tuple[str, ...], book: _Book) -> Tree:
    method = _WEIGHT.format(mix=_SOURCES[mix])

    def figure(symbol: str) -> Finding:
        if weights is None or symbol not in book.symbols:
            reason = book.reason or (_riskless(weights) if symbol in book.symbols else _left_out(symbol))
            return book.basis.missing(book.n, method, reason)
        return book.basis.found(weights[book.symbols.index(symbol)], book.n, method)

    return {symbol: figure(symbol) for symbol in symbols}


def _left_out(symbol: str | None) -> str:
    return f"{symbol} has fewer than {MINIMUM_BARS} returns of {TIMEFRAME}"


def _riskless(weights: Floats | None) -> str:
    return (
        "no such weights were found" if weights is None else "the mix has no risk, so nothing can be compared with it"
    )
