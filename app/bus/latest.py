"""The newest quote of each symbol: of all sources, and of each live source."""

from collections.abc import Sequence
from typing import Final, cast

from redis import Redis

from app.bus import keys
from app.quotes import LIVE_SOURCES

LIVE: Final = tuple(sorted(LIVE_SOURCES))
Fields = dict[str, str]


def newest_hashes(source: str, symbols: Sequence[str]) -> list[str]:
    """The hashes that quotes of a source concern, in the order in which the publish script takes them."""
    found = [keys.latest(symbol) for symbol in symbols]
    if source in LIVE_SOURCES:
        for name in (source, *(other for other in LIVE if other != source)):
            found += [keys.by_source(name, symbol) for symbol in symbols]
    return found


def read_latest(client: Redis, symbols: Sequence[str]) -> dict[str, Fields]:
    """The wire fields of the newest quote per symbol, with its `stream_id`; symbols never quoted are left out."""
    found = _read(client, [keys.latest(symbol) for symbol in symbols])
    return {symbol: fields for symbol, fields in zip(symbols, found, strict=True) if fields}


def read_newest(client: Redis, symbols: Sequence[str]) -> dict[str, list[Fields]]:
    """Per symbol the newest quote of all sources, and that of each live source, no event twice; none where none is.

    Those of live sources may have `behind` beside the fields of `read_latest`.
    """
    wanted = [[keys.latest(symbol), *(keys.by_source(source, symbol) for source in LIVE)] for symbol in symbols]
    found = iter(_read(client, [key for some in wanted for key in some]))
    return {symbol: _told(*(next(found) for _key in some)) for symbol, some in zip(symbols, wanted, strict=True)}


def read_own(client: Redis, source: str) -> list[Fields]:
    """The newest quotes of a live source, whatever its symbols, as `read_newest` has them."""
    return _read(client, sorted(client.scan_iter(match=keys.by_source(source, "*"), count=1000)))


def _told(latest: Fields, *by_source: Fields) -> list[Fields]:
    own = [fields for fields in by_source if fields]
    is_among = not latest or any(fields["source"] == latest["source"] for fields in own)
    return own if is_among else [latest, *own]


def _read(client: Redis, hashes: Sequence[str]) -> list[Fields]:
    with client.pipeline(transaction=False) as pipe:
        for key in hashes:
            pipe.hgetall(key)
        return cast(list[Fields], pipe.execute())
