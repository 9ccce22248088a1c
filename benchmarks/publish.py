"""Publishing as a replay does, fenced, counted and with latest hashes, against bare XADDs encoded beforehand."""

import socket
import tempfile
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import hiredis
from redis import Redis

from app.bus import keys
from app.bus.connection import connect
from app.collectors.publishing import SourcePublisher
from app.quotes import Quote, to_fields
from benchmarks.measure import Measure, compare, peak_of
from benchmarks.quotes import make_quotes
from tests.servers import start_test_servers

QUOTES = 50_000
BATCH = 500
AIM = 0.30


def bench_publish(redis_url: str) -> Measure:
    """Quotes as objects into the stream, against the same entries written pre-encoded to one socket."""
    client, quotes = connect(redis_url), make_quotes(QUOTES)
    encoded = [_encoded(quotes[start : start + BATCH]) for start in range(0, QUOTES, BATCH)]
    return compare(
        "publish",
        QUOTES,
        lambda: _publish(client, quotes),
        lambda: _write_raw(redis_url, encoded),
        aim=AIM,
        limit_name="the same XADDs, pre-encoded, one socket",
        between=client.flushdb,
        peak_rss_mb=peak_of(_publish_alone, redis_url),
    )


def _publish(client: Redis, quotes: list[Quote]) -> None:
    publisher = SourcePublisher(client, "REPLAY")
    lists = (quotes[start : start + BATCH] for start in range(0, len(quotes), BATCH))
    assert sum(publisher.publish_all(lists, Event())) == len(quotes)


def _publish_alone(redis_url: str) -> None:
    client = connect(redis_url)
    client.flushdb()
    _publish(client, make_quotes(QUOTES))


def _encoded(quotes: list[Quote]) -> bytes:
    return b"".join(hiredis.pack_command(("XADD", keys.STREAM, "*", *to_fields(quote))) for quote in quotes)


def _write_raw(redis_url: str, batches: list[bytes]) -> None:
    where = urlsplit(redis_url)
    with socket.create_connection((where.hostname, where.port)) as link:
        link.sendall(hiredis.pack_command(("AUTH", where.password)))
        link.sendall(hiredis.pack_command(("SELECT", where.path.strip("/"))))
        reader = hiredis.Reader()
        _take(link, reader, 2)
        for batch in batches:
            link.sendall(batch)
            _take(link, reader, BATCH)


def _take(link: socket.socket, reader: "hiredis.Reader", replies: int) -> None:
    while replies:
        reader.feed(link.recv(1 << 16))
        while (reply := reader.gets()) is not False:
            assert not isinstance(reply, Exception), reply
            replies -= 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        servers = start_test_servers(Path(folder))
        print(bench_publish(servers.redis_url))
        servers.stop()
