"""What the desk knows better than the calendars: closures and early closes that an exchange announces at short notice.

The file is YAML:

    checked_until: 2027-12-31           # the exchange's holidays were compared with the calendar up to here
    overrides:
      - markets: [CME_Futures]
        date: 2027-03-10
        close: "08:30"                  # local time of the market
        name: National Day of Mourning
      - markets: [US_Equity]
        date: 2027-03-10
        closed: true
        name: National Day of Mourning
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.errors import Rejected

MAX_BYTES: Final = 1_000_000
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Override:
    """What holds on a day instead of the calendar: the close in local time, or None for a day without a session."""

    day: date
    close: time | None
    name: str
    is_holiday: bool


@dataclass(frozen=True, slots=True)
class Overrides:
    """The overrides by market, in order of their days, and up to when the desk has checked the holidays itself."""

    by_market: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)
    checked_until: date | None = None


NO_OVERRIDES: Final = Overrides()


@dataclass(frozen=True, slots=True)
class Limits:
    """Between what local times a market's close may be set: after `after`, which None leaves open, and up to `latest`."""

    after: time | None
    latest: time


def parse_overrides(text: str, markets: Mapping[str, Limits]) -> Overrides:
    """Read the file's text; Rejected, with every problem and where it is, when anything is wrong with it."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Rejected(f"it is not YAML: {' '.join(str(error).split())[:200]}") from None
    try:
        told = _File.model_validate({} if raw is None else raw)
    except ValidationError as error:
        problems = [f"{_place(found['loc'])}: {_reason(found)}" for found in error.errors(include_input=False)]
        raise Rejected("; ".join(problems)) from None
    if problems := list(_problems(told, markets)):
        raise Rejected("; ".join(problems))
    by_market: dict[str, list[Override]] = {}
    for entry in told.overrides:
        for name in entry.markets:
            by_market.setdefault(name, []).append(entry.override())
    ordered = {name: tuple(sorted(found, key=lambda one: one.day)) for name, found in by_market.items()}
    return Overrides(ordered, told.checked_until)


def _local_time(value: Any) -> Any:
    # YAML takes 08:30 without quotes for a number of base 60, and nobody would notice.
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('must be a time in quotes, such as "08:30"')
    return time.fromisoformat(value)


def _day(value: Any) -> Any:
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return date.fromisoformat(value)
    raise ValueError("must be a date such as 2027-03-10")


Day = Annotated[date, BeforeValidator(_day)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    markets: list[str] = Field(min_length=1)
    date: Day
    name: str = Field(min_length=1, max_length=80)
    close: Annotated[time, BeforeValidator(_local_time)] | None = None
    closed: bool = False
    holiday: bool | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.closed == (self.close is not None):
            raise ValueError("needs either closed: true or a close, and not both")
        if self.date.weekday() >= 5:
            raise ValueError(f"{self.date} is a {self.date:%A}: sessions are labelled Monday to Friday")
        return self

    def override(self) -> Override:
        is_holiday = self.closed if self.holiday is None else self.holiday
        return Override(self.date, self.close, self.name, is_holiday)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    overrides: list[_Entry] = []
    checked_until: Day | None = None


def _problems(told: _File, markets: Mapping[str, Limits]) -> Any:
    seen = set()
    for place, entry in enumerate(told.overrides, start=1):
        for name in entry.markets:
            where = f"override {place}"
            if name not in markets:
                yield f"{where}: there is no market {name[:40]!r}: known are {', '.join(markets)}"
                continue
            if (name, entry.date) in seen:
                yield f"{where}: {name} on {entry.date} is told twice"
            seen.add((name, entry.date))
            limits = markets[name]
            if entry.close is not None and limits.after is not None and entry.close <= limits.after:
                yield f"{where}: {name} opens at {limits.after:%H:%M}: its close must be later"
            if entry.close is not None and entry.close > limits.latest:
                yield f"{where}: {name} closes at {limits.latest:%H:%M} at the latest"


def _place(location: tuple[int | str, ...]) -> str:
    if len(location) > 1 and location[0] == "overrides" and isinstance(location[1], int):
        rest = [str(part) for part in location[2:]]
        return ".".join([f"override {location[1] + 1}", *rest])
    return ".".join(map(str, location)) or "the file"


def _reason(found: Any) -> str:
    if found["type"] == "extra_forbidden":
        return "there is no such key"
    return str(found["msg"]).removeprefix("Value error, ")
