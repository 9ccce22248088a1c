"""Whether what is said of an instant changes when only the time after it does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from app.analysis.bars import floats

AsOf = Callable[[pl.DataFrame, int], Any]


def future_changes(as_of: AsOf, bars: pl.DataFrame, cuts: Sequence[int]) -> list[int]:
    """The cut points at which `as_of(bars, cut)` is not bit-identical once the bars after the cut are others.

    `as_of` is given whole frames and tells what it holds to be known at the close of row `cut`: numbers, arrays, text,
    or lists, tuples and mappings of them.
    """
    return [cut for cut in cuts if _frozen(as_of(bars, cut)) != _frozen(as_of(with_other_future(bars, cut), cut))]


def with_other_future(bars: pl.DataFrame, cut: int) -> pl.DataFrame:
    """The bars up to row `cut` as they are, after it with their returns shuffled and three times as large."""
    dice = np.random.default_rng(cut)
    close = floats(bars, "close").copy()
    returns = dice.permutation(np.diff(np.log(close[cut:]))) * 3
    close[cut + 1 :] = close[cut] * np.exp(np.cumsum(returns))
    before = np.concatenate((close[:1], close[:-1]))
    made = {"open": before, "high": np.maximum(before, close), "low": np.minimum(before, close), "close": close}
    volume = dice.permutation(len(bars) - cut - 1) + 1
    future = bars.with_columns(**{name: pl.Series(values) for name, values in made.items()})[cut + 1 :]
    future = future.with_columns(volume=pl.Series(volume), tick_count=pl.Series(volume))
    return pl.concat([bars[: cut + 1], future])


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float | np.floating):
        return np.float64(value).tobytes()
    if isinstance(value, Mapping):
        return {name: _frozen(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_frozen(part) for part in value]
    return value
