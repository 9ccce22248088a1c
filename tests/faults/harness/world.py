"""Servers of a trial's own, migrated, with the application on them and the environment for its processes."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.extensions import db
from app.factory import create_app
from app.operations.migrating import migrate_database
from app.runtime import EXTENSION, Runtime
from app.settings import Settings, load_settings
from tests.fakes import RecordingDispatch
from tests.faults.scenario import Scale, Trial
from tests.private_servers import PrivateServer, private_postgres, private_valkey

DAYS_AHEAD = 2


@dataclass(frozen=True)
class World:
    """Everything that a trial may break, and the stores by which it judges."""

    directory: Path
    postgres: PrivateServer
    valkey: PrivateServer
    stores: Runtime
    planted: str = ""

    @property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions of its database, past every proxy."""
        return self.stores.sessions

    def stored(self) -> int:
        """How many rows PostgreSQL's table of ticks has."""
        with self.sessions() as session:
            return int(session.scalar(text("SELECT count(*) FROM ticks")) or 0)

    def environment(self, **settings: str) -> dict[str, str]:
        """The settings for a process of this world, some replaced by name in lower case; nothing else of ours."""
        known = {
            "database_url": self.postgres.url,
            "redis_url": self.valkey.url,
            "state_dir": str(self.directory / "state"),
            "flask_app": "wsgi",
        }
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return inherited | {name.upper(): value for name, value in (known | settings).items()}


@contextlib.contextmanager
def world(trial: Trial) -> Iterator[World]:
    """A new world for the length of a block; PostgreSQL syncs as in production where the trial is a full one."""
    with (
        private_postgres(trial.directory, durable=trial.scale is Scale.FULL) as postgres,
        private_valkey(trial.directory) as valkey,
        application(settings_of(trial.directory, postgres, valkey)) as stores,
    ):
        yield World(trial.directory, postgres, valkey, stores, trial.planted)


@contextlib.contextmanager
def application(settings: Settings) -> Iterator[Runtime]:
    """The stores of an application with these settings, its database migrated; closed after the block."""
    app = create_app(settings, RecordingDispatch())
    stores: Runtime = app.extensions[EXTENSION]
    try:
        with app.app_context():
            migrate_database(stores, DAYS_AHEAD)
        yield stores
    finally:
        for name in ("redis", "raw_redis"):
            if name in vars(stores):
                getattr(stores, name).close()
        with app.app_context():
            db.engine.dispose()


def settings_of(directory: Path, postgres: PrivateServer, valkey: PrivateServer) -> Settings:
    """The settings of an application in the directory on these servers."""
    return load_settings(_env_file=None, database_url=postgres.url, redis_url=valkey.url, state_dir=directory / "state")
