"""The web application as users meet it: gunicorn, PostgreSQL and Valkey."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.web_server import WebServer, serve


@pytest.fixture(scope="session")
def web_settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a web process that makes tests short."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
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
def log_file(tmp_path: Path) -> Path:
    """Where a web process of one test writes its log."""
    return tmp_path / "web.log"
