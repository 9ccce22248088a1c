"""Small hashes of text: leases, wishes, health."""

from collections.abc import Mapping
from typing import cast

from redis import Redis


def read_hash(client: Redis, key: str) -> dict[str, str]:
    """The fields of a hash, empty when there is none; `client` replies in text."""
    return cast(dict[str, str], client.hgetall(key))


def write_hash(client: Redis, key: str, fields: Mapping[str, object], kept_s: int | None = None) -> None:
    """Set fields of a hash, as text; with `kept_s` the hash goes that many seconds later unless written again."""
    with client.pipeline(transaction=False) as pipe:
        pipe.hset(key, mapping={name: str(value) for name, value in fields.items()})
        if kept_s is not None:
            pipe.expire(key, kept_s)
        pipe.execute()
