from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.bus.connection import connect
from app.bus.keys import epoch, lease
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from tests.private_servers import private_valkey


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[Redis]:
    """A server of the test's own, for what would disturb others."""
    with private_valkey(tmp_path) as server, connect(server.url) as client:
        yield client


@pytest.fixture
def publisher(bus: Redis) -> QuotePublisher:
    """Publishes REPLAY quotes under a lease."""
    return QuotePublisher(bus, acquire(bus, lease("REPLAY"), epoch("REPLAY")))
