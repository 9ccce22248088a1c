"""The web application as gunicorn serves it in tests: real stores from the environment, and no workers."""

from datetime import date
from functools import partial

from apiflask import APIFlask
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app.api import install_api
from app.bus.connection import connect
from app.clock import SystemClock
from app.lake.layout import Lake
from app.market.market import market
from app.runtime import EXTENSION, Runtime
from app.settings import Settings, load_settings


class NoDispatch:
    """Asks nothing of anybody."""

    def start_collector(self, source: str) -> None:
        """Do nothing."""

    def start_ingest(self) -> None:
        """Do nothing."""

    def export_session(self, market: str, day: date) -> None:
        """Do nothing."""

    def probe(self, queue: str) -> None:
        """Do nothing."""


def create() -> APIFlask:
    """An application with the HTTP edge alone, on the servers that the environment names."""
    settings: Settings = load_settings()
    assert settings.database_url and settings.redis_url
    app = APIFlask("app", title="Thor", version="0.1.0", json_errors=False)
    engine = create_engine(settings.database_url.get_secret_value(), connect_args={"connect_timeout": 3})
    app.extensions[EXTENSION] = Runtime(
        settings=settings,
        clock=SystemClock(),
        sessions=sessionmaker(engine, expire_on_commit=False),
        connect_redis=partial(connect, settings.redis_url.get_secret_value()),
        market=market(settings.market),
        lake=Lake(settings.lake_dir),
        dispatch=NoDispatch(),
    )
    install_api(app)
    return app
