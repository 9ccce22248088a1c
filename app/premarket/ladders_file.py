"""The file that tells which markets have a ladder, and how long before their open its stages begin."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import Rejected
from app.market.plain_yaml import load_plain, read_text
from app.premarket.definition import AHEAD, USUAL_MIN, Anchor, Ladder

MAX_BYTES: Final = 64 * 1024
Minutes = Annotated[int, Field(ge=6, le=720)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")

    anchor: Anchor = "rth_open"
    minutes_before: dict[str, Minutes] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_order(self) -> "_Told":
        if unknown := sorted(set(self.minutes_before) - set(AHEAD)):
            raise ValueError(f"minutes_before names {', '.join(unknown)[:80]}: stages are {', '.join(AHEAD)}")
        for earlier, later in pairwise(AHEAD):
            if self.whole[earlier] <= self.whole[later]:
                raise ValueError(f"{earlier} must begin before {later}: give it more minutes")
        return self

    @property
    def whole(self) -> Mapping[str, int]:
        return {**USUAL_MIN, **self.minutes_before}


def read_ladders(path: Path, markets: Collection[str]) -> tuple[Ladder, ...]:
    """The ladders of a file, which may be none; Rejected, naming the file and what is wrong, when it cannot be used."""
    try:
        return parse_ladders(read_text(path, MAX_BYTES), markets)
    except Rejected as error:
        raise Rejected(f"{path.name}: {error}") from None


def parse_ladders(text: str, markets: Collection[str]) -> tuple[Ladder, ...]:
    """The ladders that a text tells: markets by name, each with its `anchor` and `minutes_before`; Rejected else."""
    told = load_plain(text) or {}
    if not isinstance(told, Mapping):
        raise Rejected("it must name markets, each with its ladder, such as `CME_Futures: {}`")
    if unknown := sorted(set(told) - set(markets)):
        raise Rejected(f"there is no market {', '.join(unknown)[:80]}: known are {', '.join(sorted(markets))}")
    return tuple(_ladder(name, rules) for name, rules in told.items())


def _ladder(market: str, rules: object) -> Ladder:
    try:
        told = _Told.model_validate(rules or {})
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(map(str, (market, *found["loc"])))
        raise Rejected(f"{place}: {found['msg'].removeprefix('Value error, ')}") from None
    return Ladder(market, told.anchor, told.whole)
