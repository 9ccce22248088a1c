"""Which parts each kind of question has, and what measures them."""

from typing import Final

from app.analysis.findings import Tree
from app.analysis.inputs import SymbolData
from app.analysis.parts import Part
from app.analysis.question import Kind, Parameters
from app.analysis.risk.measuring import measure_risk
from app.analysis.series.forecasting import forecast
from app.analysis.series.regime import detect_regime
from app.analysis.series.seasonality import measure_seasonality
from app.analysis.single.candles import count_candles
from app.analysis.single.indicators import measure_indicators
from app.analysis.single.levels import find_levels
from app.analysis.single.trend import measure_trend
from app.analysis.single.volatility import measure_volatility

PREDICTING_KINDS: Final[frozenset[Kind]] = frozenset({"full", "prediction"})
PORTFOLIO_KINDS: Final[frozenset[Kind]] = frozenset({"full", "multi"})
_ALL: Final[frozenset[Kind]] = frozenset({"full", "single", "multi", "series", "prediction"})
_SINGLE: Final[frozenset[Kind]] = frozenset({"full", "single"})
_SERIES: Final[frozenset[Kind]] = frozenset({"full", "series"})
_PATTERNS: Final = "Pattern analysis"
_STATISTICS: Final = "Statistical analysis"


def _volatility(data: SymbolData, _parameters: Parameters) -> Tree:
    return measure_volatility(data)


def _trend(data: SymbolData, _parameters: Parameters) -> Tree:
    return measure_trend(data)


def _indicators(data: SymbolData, _parameters: Parameters) -> Tree:
    return measure_indicators(data)


def _candles(data: SymbolData, _parameters: Parameters) -> Tree:
    return count_candles(data)


def _levels(data: SymbolData, parameters: Parameters) -> Tree:
    return find_levels(data, parameters.permutations, parameters.seed)


def _regime(data: SymbolData, parameters: Parameters) -> Tree:
    return detect_regime(data, parameters.seed)


def _seasonality(data: SymbolData, _parameters: Parameters) -> Tree:
    return measure_seasonality(data)


def _forecast(data: SymbolData, parameters: Parameters) -> Tree:
    return forecast(data, parameters.horizons)


PARTS: Final = (
    Part("trend", _PATTERNS, _SINGLE | _SERIES, _trend),
    Part("levels", _PATTERNS, _SINGLE, _levels, ("permutations", "seed")),
    Part("patterns", _PATTERNS, _SINGLE, _candles),
    Part("indicators", _PATTERNS, _SINGLE, _indicators),
    Part("volatility", _STATISTICS, _ALL, _volatility),
    Part("regime", _STATISTICS, frozenset({"full", "multi", "series"}), _regime, ("seed",)),
    Part("seasonality", _STATISTICS, _SERIES, _seasonality),
    Part("forecast", _STATISTICS, _SERIES, _forecast, ("horizons",)),
    Part("risk", _STATISTICS, frozenset({"full", "single", "multi", "prediction"}), measure_risk,
         ("equity", "var_limit")),
)  # fmt: skip
