"""The contract of the newest quote of each symbol at each source."""

from datetime import datetime
from typing import Final, NamedTuple

from redis import Redis

from app.bus import keys
from app.clock import parse_instant
from app.quotes import LIVE_SOURCES

_FIELDS: Final = ("symbol", "source", "contract", "ts")


class Quoted(NamedTuple):
    """That a source's newest quote of a symbol, at `ts`, is of a contract, in the source's own words."""

    symbol: str
    source: str
    contract: str
    ts: datetime


def quoted_contracts(client: Redis) -> list[Quoted]:
    """What the newest quotes say, one for each symbol and source, in order; those without a contract are left out."""
    patterns = [keys.latest("*"), *(keys.by_source(source, "*") for source in sorted(LIVE_SOURCES))]
    found: dict[tuple[str, str], Quoted] = {}
    with client.pipeline(transaction=False) as pipe:
        for pattern in patterns:
            for key in client.scan_iter(match=pattern, count=1000):
                pipe.hmget(key, _FIELDS)
        for told in pipe.execute():
            if all(told):
                symbol, source, contract, ts = told
                quoted = Quoted(symbol, source, contract, parse_instant(ts))
                found[symbol, source] = max(quoted, found.get((symbol, source), quoted), key=lambda one: one.ts)
    return [found[key] for key in sorted(found)]
