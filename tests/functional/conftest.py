"""The web application as users meet it: gunicorn, PostgreSQL and Valkey."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.bus.connection import connect
from app.instruments.models import TradingInstrument
from app.instruments.store import add_catalogue
from tests.functional.web_server import WebServer, serve
from tests.servers import TestServers

FIRST_REDIS_DATABASE = 100


@pytest.fixture(scope="session")
def web_settings(servers: TestServers, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a web process on stores of its own."""
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    database_url = servers.create_database(f"web_{worker_id}")
    engine = create_engine(database_url)
    TradingInstrument.__table__.create(engine)  # type: ignore[attr-defined]
    with Session(engine) as session:
        add_catalogue(session)
        session.commit()
    engine.dispose()
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": servers.redis_database(FIRST_REDIS_DATABASE + number),
        "STATE_DIR": str(tmp_path_factory.mktemp("state")),
        "SSE_HEARTBEAT_S": "0.3",
        "SSE_MAX_CLIENTS": "60",
    }


@pytest.fixture(scope="session")
def web(web_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """One web process for all tests of a worker."""
    with serve(tmp_path_factory.mktemp("web") / "web.log", web_settings) as server:
        yield server


@pytest.fixture
def bus(web_settings: dict[str, str]) -> Iterator[Redis]:
    """The bus of that web process, empty."""
    client = connect(web_settings["REDIS_URL"])
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Where a web process of one test writes its log."""
    return tmp_path / "web.log"
