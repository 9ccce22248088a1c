"""How the simulated market behaves: price paths, activity over the day, books and trades, in whole ticks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import sqrt
from typing import Final, NamedTuple, TypeVar
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Amount = TypeVar("Amount", float, Floats)

NOT_KNOWN: Final = np.iinfo(np.int64).min
_ORIGIN: Final = date(2000, 1, 3)
_REVERSION: Final = 0.985
_MEMORY_DAYS: Final = 500
_GRID: Final = 2048
_TRADE_SHARE: Final = 0.35
_FLICKER_TICKS: Final = 0.3
_GAP: Final = 0.05
_QUIET: Final = 0.25


@dataclass(frozen=True, slots=True)
class Model:
    """One future's behaviour: base price, daily volatility as a fraction, and how it follows its group's factor.

    `path` names the instrument whose prices it shares (a micro follows its mini), `share` weighs it among the ticks of
    a live feed, `depth` is the usual number of contracts at the best price.
    """

    path: str
    base: float
    volatility: float
    group: str
    correlation: float
    share: float
    depth: int


def _model(line: str) -> Model:
    path, base, volatility, group, correlation, share, depth = line.split()
    return Model(path, float(base), float(volatility), group, float(correlation), float(share), int(depth))


MODELS: Final[Mapping[str, Model]] = {
    "ES": _model("ES 6850 0.009 equity 0.97 10 40"),
    "MES": _model("ES 6850 0.009 equity 0.97 6 60"),
    "NQ": _model("NQ 25200 0.012 equity 0.93 8 8"),
    "MNQ": _model("NQ 25200 0.012 equity 0.93 6 15"),
    "YM": _model("YM 47500 0.008 equity 0.92 4 8"),
    "MYM": _model("YM 47500 0.008 equity 0.92 2 12"),
    "RTY": _model("RTY 2450 0.012 equity 0.85 4 12"),
    "M2K": _model("RTY 2450 0.012 equity 0.85 2 18"),
    "CL": _model("CL 61.5 0.018 energy 0.8 5 25"),
    "GC": _model("GC 3980 0.010 metals 0.9 5 12"),
    "SI": _model("SI 48.5 0.018 metals 0.85 3 10"),
    "HG": _model("HG 4.95 0.013 metals 0.5 2 12"),
    "ZB": _model("ZB 117.5 0.006 rates 0.95 3 200"),
    "ZN": _model("ZN 112.75 0.0035 rates 0.97 5 900"),
    "ZF": _model("ZF 109.25 0.0022 rates 0.95 3 700"),
    "ZT": _model("ZT 104.1 0.0010 rates 0.9 2 900"),
    "6E": _model("6E 1.1625 0.0045 dollar -0.9 3 60"),
    "6J": _model("6J 0.00652 0.0055 dollar -0.7 2 60"),
    "VX": _model("VX 18.5 0.040 equity -0.8 2 120"),
    "DX": _model("DX 99.4 0.0040 dollar 0.95 1 8"),
    "BTC": _model("BTC 102000 0.025 crypto 0.9 1 3"),
}

# By hour of the day in Chicago: Europe's morning, the releases of 07:30, the cash market from 08:30 to 15:00.
_HOURS: Final = np.array([0, 2, 3, 7, 7.5, 8, 8.49, 8.5, 9, 10, 12, 13.5, 14.5, 14.99, 15, 15.25, 16, 17, 18, 20, 24])
_ACTIVITY: Final = np.array([0.6, 1, 2, 2.4, 6, 5, 6, 30, 20, 14, 8, 10, 18, 28, 8, 3, 1.5, 1.5, 1, 0.7, 0.6])
_DAY: Final = float(np.interp(np.arange(8.5, 15, 1 / 60), _HOURS, _ACTIVITY).mean())
DAY_ACTIVITY_S: Final = float(np.interp(np.arange(0, 24, 1 / 60), _HOURS, _ACTIVITY).mean() / _DAY * 86_400)


def activity_at(local_hour: Floats) -> Floats:
    """Ticks per second at Chicago hours of the day in [0, 24), relative to the mean of 08:30 to 15:00."""
    return np.asarray(np.interp(local_hour, _HOURS, _ACTIVITY) / _DAY)


def source_of_chance(seed: int, *words: str | int) -> Generator:
    """A generator that depends on nothing but the seed and the words."""
    return np.random.default_rng([seed, *(word if isinstance(word, int) else crc32(word.encode()) for word in words)])


def blended(model: Model, common: Amount, own: Amount) -> Amount:
    """Unit-variance moves of which the group's factor explains `correlation`."""
    return common * model.correlation + own * sqrt(1 - model.correlation**2)


@lru_cache(maxsize=512)
def closing_price(model: Model, seed: int, day: date) -> float:
    """Where the path stands at the end of the trading day: a walk over weekdays that returns to the base price."""
    count = int(np.busday_count(_ORIGIN, day)) + 1
    common = source_of_chance(seed, "closes", model.group).standard_normal(count)
    own = source_of_chance(seed, "closes", model.path, "own").standard_normal(count)
    recent = blended(model, common, own)[-_MEMORY_DAYS:][::-1]
    return float(model.base * np.exp(model.volatility * (recent @ _REVERSION ** np.arange(recent.size))))


def session_path(model: Model, seed: int, day: date, start: float, progress: Floats) -> Floats:
    """Prices at those shares, in [0, 1], of the session's activity, from near `start` to the day's closing price."""
    common = _bridge(source_of_chance(seed, "path", model.group, day.toordinal()))
    generator = source_of_chance(seed, "path", model.path, day.toordinal(), "own")
    wave = blended(model, common, _bridge(generator))
    gap = model.volatility * _GAP * generator.standard_normal()
    first, final = np.log(start) + gap, np.log(closing_price(model, seed, day))
    noise = model.volatility * np.interp(progress, np.linspace(0, 1, _GRID + 1), wave)
    return np.asarray(np.exp(first + (final - first) * progress + noise))


def _bridge(generator: Generator) -> Floats:
    steps = generator.standard_normal(_GRID) / np.sqrt(_GRID)
    walk = np.concatenate(([0.0], np.cumsum(steps)))
    return np.asarray(walk - np.linspace(0, 1, _GRID + 1) * walk[-1])


class Book(NamedTuple):
    """The best prices (ticks) and sizes at each event, and which events are trades: price `paid`, `size` contracts."""

    bid: Ints
    ask: Ints
    bid_size: Ints
    ask_size: Ints
    trade: Flags
    paid: Ints
    size: Ints


def draw_book(generator: Generator, model: Model, mid: Floats, activity: Floats) -> Book:
    """A book around the mid prices (ticks): mostly one tick wide, wider when it is quiet; trades hit bid or ask."""
    count = mid.size
    wide = generator.random(count) < np.where(activity < _QUIET, 0.2, 0.06)
    spread = 1 + wide + (wide & (generator.random(count) < 0.2))
    flicker = generator.normal(0.0, _FLICKER_TICKS, count)
    bid = np.floor(mid + flicker - (spread - 1) / 2).astype(np.int64)
    ask = bid + spread
    depth = model.depth * (0.4 + np.minimum(activity, 1.0))
    sizes = np.maximum(1, depth * generator.lognormal(-0.2, 0.6, (2, count))).astype(np.int64)
    paid = np.where(generator.random(count) < 0.5, ask, bid)
    contracts = np.minimum(1 + (generator.pareto(1.6, count)).astype(np.int64), 10 * model.depth)
    return Book(bid, ask, sizes[0], sizes[1], generator.random(count) < _TRADE_SHARE, paid, contracts)
