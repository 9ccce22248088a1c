from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.bus.connection import connect
from app.extensions import db
from app.factory import create_app
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from tests.conftest import FIRST_BUS_DB
from tests.fakes import RecordingDispatch
from tests.ingesting import drain, ingestor, publisher
from tests.servers import TestServers

__all__ = ["drain", "ingestor", "publisher"]

OTHER_BUS_DB = FIRST_BUS_DB + 100


@pytest.fixture
def other_bus(servers: TestServers, worker_id_or_main: str) -> Iterator[Redis]:
    """The empty bus of another machine, with replies in text."""
    url = servers.redis_database(OTHER_BUS_DB + int(worker_id_or_main.removeprefix("gw")))
    with connect(url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def elsewhere(servers: TestServers, worker_id_or_main: str, other_bus: Redis, tmp_path: Path) -> Iterator[Runtime]:
    """The stores of another machine: an empty database, an empty bus, no lake."""
    number = OTHER_BUS_DB + int(worker_id_or_main.removeprefix("gw"))
    settings = load_settings(
        _env_file=None,
        database_url=servers.create_database(f"thor_other_{worker_id_or_main}"),
        redis_url=servers.redis_database(number),
        state_dir=tmp_path / "other",
    )
    app = create_app(settings, RecordingDispatch())
    with app.app_context():
        found: Runtime = app.extensions[EXTENSION]
        yield found
        for name in ("redis", "raw_redis"):
            if name in vars(found):
                getattr(found, name).close()
        db.engine.dispose()
