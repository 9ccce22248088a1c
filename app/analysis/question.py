"""What is asked of the analysis: symbols, range, kind and parameters, each within bounds."""

import hashlib
import json
import re
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.errors import Rejected

Kind = Literal["full", "single", "multi", "series", "prediction"]
Horizon = Literal["5m", "15m", "1h"]
KINDS: Final[tuple[Kind, ...]] = ("full", "single", "multi", "series", "prediction")
MOST_SYMBOLS: Final = 32
MOST_DAYS: Final = 3_700
DEFAULT_TIMEFRAME: Final = "30days"
_LOOKBACK: Final = re.compile(r"([1-9][0-9]{0,3}) *(d|day|days|w|week|weeks|m|month|months|y|year|years)")
_DAYS_OF: Final = {"d": 1, "w": 7, "m": 30, "y": 365}

Fraction = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


class Parameters(BaseModel):
    """What an analysis goes by beside its symbols and its range; what is left out has the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(
        None, pattern=r"^[A-Z]{1,16}$", description="source of the ticks; unset: the one with the most sessions"
    )
    horizons: tuple[Horizon, ...] = Field(
        ("1h", "5m"), min_length=1, max_length=3, description="how far ahead directions are predicted"
    )
    most_bars: int = Field(
        5_800, strict=True, ge=500, le=50_000, description="newest bars that a prediction learns from"
    )
    permutations: int = Field(
        199, strict=True, ge=99, le=1_999, description="random levels that the found ones are tested against"
    )
    cost_ticks: float = Field(
        1.5, strict=True, ge=0, le=100, allow_inf_nan=False, description="slippage of a round turn, in ticks"
    )
    fee: float = Field(
        4.5,
        strict=True,
        ge=0,
        le=1_000,
        allow_inf_nan=False,
        description="fees of a round turn of a contract, in its currency",
    )
    equity: float = Field(
        100_000, strict=True, gt=0, le=1e12, allow_inf_nan=False, description="capital that positions are sized to"
    )
    target_volatility: Fraction = Field(0.10, description="volatility a year that a position may bring to the capital")
    kelly_fraction: Fraction = Field(0.25, description="part of the Kelly stake that may be taken")
    var_limit: Fraction = Field(0.02, description="part of the capital that a session's 99 % VaR may be")
    margin: float | None = Field(
        None,
        strict=True,
        gt=0,
        le=1e9,
        allow_inf_nan=False,
        description="margin of a contract; unset: no limit by margin",
    )
    seed: int = Field(
        1, strict=True, ge=0, le=2**31 - 1, description="start of the random numbers; the same gives the same figures"
    )
    fallback: bool = Field(
        False,
        strict=True,
        description="where a day's ticks are damaged or lost, use its one-minute bars, else leave the day out, "
        "and tell it",
    )


class Question(BaseModel):
    """One analysis that is asked for: trading days from `start` to `end`, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "full"
    symbols: tuple[str, ...] = Field(min_length=1, max_length=MOST_SYMBOLS)
    start: date
    end: date
    parameters: Parameters = Field(default_factory=lambda: Parameters.model_validate({}))

    def plain(self) -> dict[str, Any]:
        """The question as JSON has it."""
        told: dict[str, Any] = self.model_dump(mode="json")
        return told

    def hash(self) -> str:
        """The same for the same question, however it was written."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()


def parse_lookback(text: str) -> int:
    """How many calendar days "30days", "6 weeks", "3m" or "1y" are; Rejected for what is none, or over ten years."""
    match = _LOOKBACK.fullmatch(text.strip().lower())
    days = int(match[1]) * _DAYS_OF[match[2][0]] if match else 0
    if not 1 <= days <= MOST_DAYS:
        raise Rejected(f"{text[:20]!r} is no length of time: write 30days, 6weeks, 3months or 1year, ten years at most")
    return days


def range_of(timeframe: str | None, start: date | None, end: date | None, today: date) -> tuple[date, date]:
    """The trading days that are asked for, both included; the last 30 days up to `today` unless told otherwise.

    Rejected when both a timeframe and a start are given, and when the range is empty, too long or in the future.
    """
    if timeframe is not None and start is not None:
        raise Rejected("give a timeframe or a start date, not both")
    last = today if end is None else end
    first = last - timedelta(days=parse_lookback(timeframe or DEFAULT_TIMEFRAME)) if start is None else start
    if first > today:
        raise Rejected(f"the range begins on {first}, which is in the future: today's trading day is {today}")
    if first > last:
        raise Rejected(f"the range is empty: it begins on {first} and ends on {last}")
    if (last - first).days > MOST_DAYS:
        raise Rejected(f"the range is longer than ten years: {first} to {last}")
    return first, min(last, today)
