"""Alembic's environment: migrations run over the application's own engine, or the connection that they are given."""

import re

from alembic import context
from flask import current_app
from sqlalchemy import Connection

import app.models  # noqa: F401  (fills the metadata)
from app.extensions import Model

_PARTITION = re.compile(r"ticks_p\d{8}.*")


def include_name(name: str | None, type_: str, _parents: object) -> bool:
    """Partitions are made while Thor runs, not by migrations."""
    return not (type_ == "table" and name and _PARTITION.fullmatch(name))


def run_migrations() -> None:
    """Run in one transaction on one connection; a given one's transaction is its owner's to commit."""
    given = context.config.attributes.get("connection")
    if given is not None:
        run_on(given)
        return
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        run_on(connection)


def run_on(connection: Connection) -> None:
    """Run them on this connection."""
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_name=include_name,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run_migrations()
