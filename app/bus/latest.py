"""The newest quote of each symbol."""

from collections.abc import Sequence

from redis import Redis

from app.bus import keys


def read_latest(client: Redis, symbols: Sequence[str]) -> dict[str, dict[str, str]]:
    """The wire fields of the newest quote per symbol, with its `stream_id`; symbols never quoted are left out."""
    with client.pipeline(transaction=False) as pipe:
        for symbol in symbols:
            pipe.hgetall(keys.latest(symbol))
        found = pipe.execute()
    return {symbol: fields for symbol, fields in zip(symbols, found, strict=True) if fields}
