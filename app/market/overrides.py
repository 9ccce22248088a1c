"""What the desk knows better than the calendars: closures and early closes that an exchange announces at short notice.

The file is YAML, whose values are all taken as they are written:

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.errors import Rejected
from app.market.plain_yaml import load_plain

MAX_BYTES: Final = 100_000
MAX_TOLD: Final = 20
FIRST_YEAR, LAST_YEAR = 2000, 2099
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_TRUTHS: Final = {"true": True, "yes": True, "false": False, "no": False}

M = TypeVar("M", bound=BaseModel)


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
    """Between what local times a market's close may be set: after `after`, if it is one, and up to `latest`."""

    after: time | None
    latest: time


def parse_overrides(text: str, markets: Mapping[str, Limits]) -> Overrides:
    """Read the file's text; Rejected, with every problem (20 at most) and where it is, when anything is wrong."""
    raw, problems = _load(text), list[str]()
    head = _validated(_Head, {key: value or None for key, value in raw.items() if key != "overrides"}, "", problems)
    entries = {}
    for place, given in enumerate(_listed(raw.get("overrides", ""), problems), start=1):
        if entry := _validated(_Entry, given, f"override {place}", problems):
            entries[place] = entry
    problems += _contradictions(entries, markets)
    if problems or head is None:
        raise Rejected(_told(problems))
    by_market: dict[str, list[Override]] = {}
    for entry in entries.values():
        for name in entry.markets:
            by_market.setdefault(name, []).append(entry.override())
    ordered = {name: tuple(sorted(found, key=lambda one: one.day)) for name, found in by_market.items()}
    return Overrides(ordered, head.checked_until)


def _local_time(value: Any) -> Any:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("must be a time such as 08:30")
    return time.fromisoformat(value)


def _day(value: Any) -> Any:
    try:
        day = date.fromisoformat(value if isinstance(value, str) and _DAY.fullmatch(value) else "")
    except ValueError:
        raise ValueError("must be a date such as 2027-03-10") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"must be from {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _truth(value: Any) -> Any:
    if not isinstance(value, str) or value.lower() not in _TRUTHS:
        raise ValueError("must be true or false")
    return _TRUTHS[value.lower()]


def _name(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds a character that cannot be printed")
    if not value.strip():
        raise ValueError("must say why")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Truth = Annotated[bool, BeforeValidator(_truth)]


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    checked_until: Day | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    markets: list[str] = Field(min_length=1)
    date: Day
    name: Annotated[str, AfterValidator(_name)] = Field(min_length=1, max_length=80)
    close: Annotated[time, BeforeValidator(_local_time)] | None = None
    closed: Truth = False
    holiday: Truth | None = None

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


def _load(text: str) -> dict[Any, Any]:
    if not text.strip():
        # What an editor shows for a moment while it writes must not count.
        raise Rejected("it is empty: write overrides: [] where there are none")
    raw = load_plain(text)
    if raw and not isinstance(raw, dict):
        raise Rejected("it must have the key overrides, with a list below it")
    return raw or {}


def _listed(raw: Any, problems: list[str]) -> list[Any]:
    if raw == "" or isinstance(raw, list):
        return raw or []
    problems.append("overrides: must be a list")
    return []


def _validated(model: type[M], raw: Any, place: str, problems: list[str]) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for found in error.errors(include_input=False):
            where = ".".join([*([place] if place else []), *map(_key, found["loc"])])
            problems.append(f"{where}: {_reason(found)}")
        return None


def _contradictions(entries: Mapping[int, _Entry], markets: Mapping[str, Limits]) -> Iterator[str]:
    seen = set()
    for place, entry in entries.items():
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


def _key(part: int | str) -> str:
    text = str(part)[:40]
    return text if text.isprintable() else repr(text)


def _reason(found: Any) -> str:
    if found["type"] == "extra_forbidden":
        return "there is no such key"
    if found["type"] == "model_type":
        return "must have keys, such as markets and date"
    return str(found["msg"]).removeprefix("Value error, ")


def _told(problems: Sequence[str]) -> str:
    more = len(problems) - MAX_TOLD
    return "; ".join(problems[:MAX_TOLD]) + (f"; and {more:,} more" if more > 0 else "")
