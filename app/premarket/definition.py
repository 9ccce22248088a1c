"""The ladder's stages, and when each is due before the open of a market on a trading day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from app.market.market import Market

Stage = Literal["comprehensive", "patterns", "predictions", "composite", "report", "verify"]
Anchor = Literal["rth_open", "session_open"]
STAGES: Final[tuple[Stage, ...]] = ("comprehensive", "patterns", "predictions", "composite", "report", "verify")
# Those that come before the open; the last stage is at the open itself.
AHEAD: Final = STAGES[:-1]
USUAL_MIN: Final[Mapping[str, int]] = MappingProxyType(
    {"comprehensive": 180, "patterns": 120, "predictions": 90, "composite": 60, "report": 30}
)
REPORT_TAKES: Final = timedelta(minutes=5)
VERIFYING_TAKES: Final = timedelta(minutes=2)
# The session before is still being closed and exported.
AFTER_CLOSE: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)
_PAUSE_DAYS: Final = 14


class StageKey(NamedTuple):
    """Which stage is meant."""

    market: str
    day: date
    stage: Stage


@dataclass(frozen=True)
class Ladder:
    """The ladder of a market: what it leads up to, and how many minutes before that each stage begins.

    `rth_open` is the open of the regular hours, on days that have some; `session_open` that of the whole session.
    """

    market: str
    anchor: Anchor = "rth_open"
    minutes_before: Mapping[str, int] = field(default_factory=lambda: USUAL_MIN)


class Rung(NamedTuple):
    """A stage, when it is to begin, and by when it is to be done."""

    stage: Stage
    planned_at: datetime
    deadline_at: datetime


@dataclass(frozen=True)
class Climb:
    """The ladder of one trading day: the open that it leads up to, and its rungs in order."""

    market: str
    day: date
    opens_at: datetime
    rungs: Sequence[Rung]


def climb_on(ladder: Ladder, market: Market, day: date) -> Climb | None:
    """The ladder of a trading day; None on a day without the open that it leads up to.

    Each stage is to be done when the next begins, the report five minutes after it began. Before the open of a whole
    session the stages begin no sooner than 15 minutes after the close of the session before; those that would are moved
    together, in their order, into the time between that and the report.
    """
    hours = market.session(day)
    if hours is None:
        return None
    opens_at = hours.open if ladder.anchor == "session_open" else market.regular_hours(day, hours.open).open
    if opens_at is None:
        return None
    planned = [opens_at - timedelta(minutes=ladder.minutes_before[stage]) for stage in AHEAD]
    if ladder.anchor == "session_open":
        planned = _after(_close_before(market, opens_at) + AFTER_CLOSE, planned)
    ends = [*planned[1:], planned[-1] + REPORT_TAKES]
    rungs = [Rung(stage, *times) for stage, times in zip(AHEAD, zip(planned, ends, strict=True), strict=True)]
    return Climb(market.name, day, opens_at, (*rungs, Rung("verify", opens_at, opens_at + VERIFYING_TAKES)))


def next_climb(ladder: Ladder, market: Market, now: datetime) -> Climb | None:
    """The ladder of the first trading day whose open has not passed at `now`; None when there is none for two weeks."""
    first = market.session_of(now)
    for hours in market.sessions(first, first + _PAUSE_DAYS * _DAY):
        climb = climb_on(ladder, market, hours.day)
        if climb is not None and climb.opens_at > now:
            return climb
    return None


def _close_before(market: Market, opens_at: datetime) -> datetime:
    return market.last_completed(opens_at, 1)[0].close


def _after(earliest: datetime, planned: Sequence[datetime]) -> list[datetime]:
    first, last = planned[0], planned[-1]
    if first >= earliest:
        return list(planned)
    # A pause that is shorter than the report's lead leaves the stages no time of their own.
    room = max(last - earliest, timedelta(0)) / (last - first)
    return [last - (last - at) * room for at in planned]
