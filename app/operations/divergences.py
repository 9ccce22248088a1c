"""Where two sources differ about a symbol, as the cross-check last found it; kept in Redis for a short while."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.clock import instant_text, parse_instant
from app.operations.comparing import ticks_text

Kind = Literal["price", "lag"]
KEPT_S: Final = 120
PERSISTS: Final = timedelta(seconds=30)
CHECKED_WITHIN: Final = timedelta(seconds=45)  # Checks that lie further apart say nothing of the time between.


@dataclass(frozen=True)
class Divergence:
    """That `source` differs from `other`: in price, by `last` ticks of the mid above the other's, or by a lag of `last`
    milliseconds.

    `worst` is the greatest there was since `since`. It is `alarming` once it has lasted.
    """

    symbol: str
    kind: Kind
    source: str
    other: str
    last: Decimal
    worst: Decimal
    since: datetime
    checked: datetime
    alarming: bool

    @property
    def name(self) -> str:
        """What tells it from others."""
        return "|".join((self.symbol, self.kind, self.source, self.other))

    def after(self, before: "Divergence | None") -> "Divergence":
        """The same as it goes on from an earlier check: alarming once it was found in every check for 30 s, on the same
        side. A lag has lasted already when it is found.
        """
        if before is None or self.checked - before.checked > CHECKED_WITHIN or before.last * self.last < 0:
            return replace(self, alarming=self.kind == "lag")
        worst = max(self.last, before.worst, key=abs)
        alarming = before.alarming or self.checked - before.since >= PERSISTS
        return replace(self, since=before.since, worst=worst, alarming=alarming)

    def told(self) -> str:
        """A line for a person."""
        if self.kind == "lag":
            return f"{self.symbol}: {self.source} is {self.last / 1000:.1f} s behind {self.other}"
        last, worst = ticks_text(self.last), ticks_text(self.worst)
        since = f"{self.since:%H:%M:%S} UTC"
        return f"{self.symbol}: {self.source} is {last} ticks from {self.other}, at worst {worst}, since {since}"


def found(symbol: str, kind: Kind, source: str, other: str, value: Decimal, now: datetime) -> Divergence:
    """A divergence as a single check finds it."""
    return Divergence(symbol, kind, source, other, value, value, now, now, alarming=False)


def read_divergences(client: Redis) -> dict[str, Divergence]:
    """What the last check found, by name."""
    return {name: _read(name, text) for name, text in sorted(read_hash(client, keys.DIVERGENCES).items())}


def write_divergences(client: Redis, divergences: Collection[Divergence]) -> None:
    """Put what a check found in the place of what the one before did; it is forgotten when no check comes for 120 s."""
    with client.pipeline() as pipe:
        pipe.delete(keys.DIVERGENCES)
        if divergences:
            pipe.hset(keys.DIVERGENCES, mapping={one.name: _written(one) for one in divergences})
            pipe.expire(keys.DIVERGENCES, KEPT_S)
        pipe.execute()


def _written(one: Divergence) -> str:
    times = {"since": instant_text(one.since), "checked": instant_text(one.checked)}
    return json.dumps({"last": str(one.last), "worst": str(one.worst), **times, "alarming": one.alarming})


def _read(name: str, text: str) -> Divergence:
    symbol, kind, source, other = name.split("|")
    told = json.loads(text)
    return Divergence(
        symbol,
        "lag" if kind == "lag" else "price",
        source,
        other,
        Decimal(told["last"]),
        Decimal(told["worst"]),
        parse_instant(told["since"]),
        parse_instant(told["checked"]),
        told["alarming"],
    )
