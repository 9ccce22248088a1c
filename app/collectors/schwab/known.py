"""What is known of a key since the last gap, and what was published of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from app.collectors.schwab.fields import ACTIVE, TIMES, TRADE_TIME, Value

Said = Mapping[str, Value | None]  # None where it is said that there is no value.


@dataclass
class Known:
    """The values of a key, and whether they are delayed."""

    values: dict[str, Value] = field(default_factory=dict)
    delayed: bool = False

    def update(self, said: Said, lost: set[str], delayed: object) -> bool:
        """Take up what a message says, and what could not be read of it; whether it says anything new."""
        has_changed = False
        for name in lost:
            self.values.pop(name, None)
        for name, value in said.items():
            if self.values.get(name) != value:
                has_changed = True
                if value is None:
                    del self.values[name]
                else:
                    self.values[name] = value
        if isinstance(delayed, bool) and delayed is not self.delayed:
            self.delayed, has_changed = delayed, True
        return has_changed


@dataclass
class Told:
    """What was published of a key. It outlives gaps, to tell news from repetition, and is never merged with."""

    values: Mapping[str, Value] = field(default_factory=dict)
    delayed: bool = False
    newest_ms: int = 0
    volume: int | None = None
    trade_ms: int | None = None
    active: Value | None = None

    def is_news(self, known: Known) -> bool:
        """Whether a first message after a gap is no older than what was published, and says anything else; that data
        are delayed now, and therefore older, is news."""
        if known.delayed is not self.delayed:
            return True
        told_ms = newest(known.values)
        if told_ms is not None and told_ms < self.newest_ms:
            return False
        return any(self.values.get(name) != value for name, value in known.values.items())

    def begins_anew(self, said: Said) -> bool:
        """Whether the volume fell, as it does when a session begins."""
        return _is_more(self.volume, cast(int | None, said.get("volume")))

    def note(self, known: Known, said: Said) -> bool:
        """Keep what is published; whether `said` carries a new trade, also one at the same price and size.

        Another contract has a volume and trades of its own: that they are more and later tells of no trade.
        """
        volume, trade_ms = cast(int | None, said.get("volume")), cast(int | None, said.get(TRADE_TIME))
        has_traded = _is_more(volume, self.volume) or _is_more(trade_ms, self.trade_ms)
        active = said.get(ACTIVE) or self.active
        has_rolled = self.active is not None and active != self.active
        self.volume = self.volume if volume is None else volume
        self.trade_ms = self.trade_ms if trade_ms is None else trade_ms
        self.values, self.delayed, self.active = dict(known.values), known.delayed, active
        self.newest_ms = max(self.newest_ms, newest(said) or 0)
        return has_traded and not has_rolled


def newest(said: Said) -> int | None:
    """The later of the times of quote and trade, in milliseconds; None without either."""
    return max((cast(int, said[name]) for name in TIMES if said.get(name) is not None), default=None)


def _is_more(value: int | None, than: int | None) -> bool:
    return value is not None and than is not None and value > than
