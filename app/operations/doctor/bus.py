"""Redis: whether it answers, its version, what it would forget, and how much memory it has left."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from app.errors import Unavailable
from app.operations.doctor.findings import Finding, Level
from app.operations.doctor.installation import Installation

LEAST: Final = 7
ENTRY_BYTES: Final = 200  # Of the stream, with what keeps it.
FULL: Final[Mapping[float, Level]] = {0.95: "wrong", 0.8: "warning"}  # Shares of its memory that are used.
MB: Final = 1 << 20
Info = Mapping[str, Any]


def look_at_bus(installation: Installation) -> Iterator[Finding]:
    """Whether Redis keeps what it is given."""
    try:
        client = installation.stores.redis
        info = client.info()
    except Unavailable as error:
        yield Finding("redis", "unknown", str(error), "`make up`, or set REDIS_URL")
        return
    except RedisError as error:
        fix = "see that it runs and that REDIS_URL is right" if installation.redis_url else "`flask status`"
        yield Finding("redis", "wrong", f"Redis does not answer: {str(error)[:200]}", fix)
        return
    yield check_version(info)
    yield check_persistence(info)
    yield check_fsync(_configured(client, "appendfsync"))
    yield check_eviction(info)
    yield check_memory(info, installation.stream_cap)


def check_version(info: Info) -> Finding:
    """The server is Redis 7 or newer, or a Valkey."""
    name, told = "Redis", str(info.get("redis_version", "0"))
    if "valkey_version" in info:
        name, told = "Valkey", str(info["valkey_version"])
    major = told.partition(".")[0]
    if not major.isdecimal() or int(major) < LEAST:
        return Finding("redis", "wrong", f"{name} {told} is too old", "move to Redis 7 or newer, or to Valkey")
    return Finding("redis", "ok", f"{name} {told}")


def check_persistence(info: Info) -> Finding:
    """There is an append-only file, and it can be written."""
    if not info.get("aof_enabled"):
        told = "there is no append-only file: a restart loses what is not stored"
        return Finding("append_only_file", "wrong", told, "start it with `appendonly yes`")
    states = (info.get("aof_last_write_status", "ok"), info.get("aof_last_bgrewrite_status", "ok"))
    if states[0] != "ok":
        return Finding("append_only_file", "wrong", "the last writing failed", "see to the disk of Redis: is it full?")
    if states[1] != "ok":
        told = "the last rewriting failed, so that the file only grows"
        return Finding("append_only_file", "warning", told, "see Redis' log, and that it has disk and memory to fork")
    return Finding("append_only_file", "ok", "on, the last writing went well")


def check_fsync(policy: str | None) -> Finding:
    """The file reaches the disk once a second or at each command; None where the server does not tell."""
    if policy is None:
        return Finding("appendfsync", "unknown", "the server does not tell how often its file reaches the disk")
    if policy == "no":
        told = "the system decides when the file reaches the disk: a power cut may cost half a minute"
        return Finding("appendfsync", "wrong", told, "start it with `appendfsync everysec`")
    return Finding("appendfsync", "ok", policy)


def check_eviction(info: Info) -> Finding:
    """A server without memory refuses, and forgets nothing."""
    policy = str(info.get("maxmemory_policy", ""))
    if policy != "noeviction":
        told = f"maxmemory-policy is {policy or 'not told'}: a full server throws quotes away"
        return Finding("eviction", "wrong", told, "start it with `maxmemory-policy noeviction`")
    return Finding("eviction", "ok", policy)


def check_memory(info: Info, stream_cap: int) -> Finding:
    """There is memory left, and a stream as long as `STREAM_CAP` would have its place."""
    used, limit = int(info["used_memory"]), int(info.get("maxmemory") or 0)
    room = limit or int(info.get("total_system_memory") or 0)
    whose = "maxmemory" if limit else "the machine's memory"
    if not room:
        return Finding("redis_memory", "unknown", f"{used // MB:,} MB used; the server does not tell of how much")
    told = f"{used // MB:,} of {room // MB:,} MB used, which is {whose}"
    for share, level in FULL.items():
        if used > share * room:
            return Finding(
                "redis_memory", level, told, "see to ingest (`flask redis-to-postgres --status`); add memory"
            )
    if stream_cap * ENTRY_BYTES > room:
        needed = f"a stream of {stream_cap:,} entries takes about {stream_cap * ENTRY_BYTES // MB:,} MB"
        fix = f"set STREAM_CAP to {int(room * 0.8) // ENTRY_BYTES} at most, or give Redis more memory"
        return Finding("redis_memory", "warning", f"{told}; {needed}", fix)
    return Finding("redis_memory", "ok", told)


def _configured(client: Redis, name: str) -> str | None:
    try:
        found = client.config_get(name).get(name)
    except ResponseError:  # Who runs it for others may not let them ask.
        return None
    return None if found is None else str(found)
