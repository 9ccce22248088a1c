"""Which of a symbol's ticks are asked for, and in what order they come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from app.ticks.models import COLUMNS


class TickKey(NamedTuple):
    """A tick's place among those of its symbol, which are in the order of these three; no two share one."""

    ts: datetime
    seq: int
    source: str


@dataclass(frozen=True, slots=True)
class TickSlice:
    """The first `limit` ticks of one source, or of all, with `ts` in `[start, end)`, that come later than `after`.

    What is None is no condition. `columns` are those wanted of `COLUMNS`.
    """

    start: datetime | None = None
    end: datetime | None = None
    source: str | None = None
    after: TickKey | None = None
    limit: int | None = None
    columns: tuple[str, ...] = COLUMNS


EVERYTHING: Final = TickSlice()
