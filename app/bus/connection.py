"""Connections to Redis that never hang, and the refusal of a server that would forget."""

import socket
from urllib.parse import urlsplit, urlunsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from app.errors import Conflict, Unavailable

CONNECT_TIMEOUT_S = 2.0
SOCKET_TIMEOUT_S = 10.0


def connect(url: str, *, text: bool = True, socket_timeout_s: float = SOCKET_TIMEOUT_S) -> Redis:
    """A client of the bus, replying in text or in bytes; it connects at the first command, and no call hangs.

    A command on a connection that has gone away is tried once more, which is safe for every command that Thor sends:
    a quote that was added twice has the same sequence number twice, and is stored once.
    """
    return Redis.from_url(
        url,
        decode_responses=text,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=socket_timeout_s,
        socket_keepalive=True,
        health_check_interval=15,
        socket_read_size=1 << 16,
        retry=Retry(NoBackoff(), 1),
        client_name=f"thor-{socket.gethostname()[:40]}",
    )


def impatient(client: Redis) -> Redis:
    """The client, which from now on waits for a silent server once; a connection that has gone away is made anew."""
    client.set_retry(Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)))
    return client


def without_retries(client: Redis) -> Redis:
    """The client, which from now on tries each command once: whoever waits for it has better things to do."""
    client.set_retry(Retry(NoBackoff(), 0))
    return client


def with_database(url: str, database: int) -> str:
    """The same server, another of its numbered databases."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def check_persistence(client: Redis) -> None:
    """Conflict when the server keeps no append-only file: it would lose the stream; Unavailable when it is away."""
    try:
        kept = client.info("persistence").get("aof_enabled")
    except RedisError as error:
        raise Unavailable(f"Redis does not answer ({type(error).__name__}): check REDIS_URL and that it runs") from None
    if int(kept or 0) != 1:
        raise Conflict(
            "Redis runs without append-only persistence and would lose ticks when it stops: "
            "start it with `appendonly yes` (or `CONFIG SET appendonly yes`)"
        )
