"""What a prediction of a symbol at a horizon is, and how it is kept as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from app.analysis.bars import Floats
from app.analysis.prediction.calibration import Bin, Line
from app.analysis.prediction.gate import Skill
from app.analysis.prediction.walkforward import Places
from app.clock import instant_text


@dataclass(frozen=True)
class Series:
    """Past predictions as they would have been made, each out of sample, in the order of time; shape (rows,) each.

    `times` are closes of bars in microseconds since 1970, `logits` those of the model, `p` the probabilities that were
    calibrated from them, `base` the base rates then, `moves` the log returns of the bars after; NaN where there is
    none, as for the newest.
    """

    times: Places
    logits: Floats
    p: Floats
    base: Floats
    moves: Floats


@dataclass(frozen=True)
class Forecast:
    """What is said of the bar after the newest closed one, and how such sayings did before.

    `p` is the calibrated probability that the close rises over `base_price`, given that it changes, and `logit` is its
    logit with the error `stderr`; `base_rate` is the share of rises so far. `move` is the expected size of the change,
    in points. `hits` counts the right sides among `skill.n`; `line` is a calibration of all past `p` at once, None
    where they or the outcomes do not differ.
    """

    base_price: float
    p: float
    logit: float
    stderr: float
    base_rate: float
    move: float
    n_train: int
    skill: Skill
    hits: float
    line: Line | None
    bins: tuple[Bin, ...]
    series: Series


@dataclass(frozen=True)
class Predicted:
    """A symbol at a horizon: a forecast, or the `reason` why there is none.

    `asof` is the close of the newest bar, or the data's as-of without bars; `target_ts` that of the bar after it, None
    where the calendar does not tell it, and never None with a forecast. `usable` counts the bars with features and
    an outcome, `scored` those predicted out of sample; `window` is the span of the bars.
    """

    symbol: str
    source: str
    horizon: str
    asof: datetime
    target_ts: datetime | None
    window: str
    data_hash: str
    usable: int
    scored: int
    forecast: Forecast | None
    reason: str = ""


def written(predicted: Predicted) -> bytes:
    """The prediction as JSON; every number is read back the same."""
    return json.dumps(asdict(predicted), default=_plain, allow_nan=True).encode()


def read_back(text: bytes) -> Predicted:
    """The prediction that was written; ValueError, LookupError or TypeError for anything else."""
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("no prediction was written there")
    forecast = told.pop("forecast")
    told["asof"] = datetime.fromisoformat(told["asof"])
    told["target_ts"] = None if told["target_ts"] is None else datetime.fromisoformat(told["target_ts"])
    return Predicted(**told, forecast=None if forecast is None else _forecast(forecast))


def _plain(value: Any) -> Any:
    return instant_text(value) if isinstance(value, datetime) else value.tolist()


def _forecast(told: Mapping[str, Any]) -> Forecast:
    kept = told["series"]
    numbers = {name: np.array(kept[name], np.float64) for name in ("logits", "p", "base", "moves")}
    bins = tuple(Bin(one["p"], one["rate"], (one["ci"][0], one["ci"][1]), one["n"]) for one in told["bins"])
    line = told["line"]
    parts = {
        "line": None if line is None else Line(**{**line, "covariance": np.array(line["covariance"])}),
        "skill": Skill(**told["skill"]),
        "bins": bins,
        "series": Series(np.array(kept["times"], np.int64), **numbers),
    }
    return Forecast(**{**told, **parts})
