"""Bringing the database up to date: tables, instruments, partitions."""

from datetime import date, timedelta

from app.desk.markets import add_markets
from app.instruments.store import add_catalogue
from app.market.markets import PROFILES
from app.operations.granting import grant_rights
from app.stores import Stores
from app.ticks.partition_functions import install_partition_functions
from app.ticks.partitions import ensure_partitions


def migrate_database(stores: Stores, ahead_days: int) -> None:
    """Run the migrations, add missing markets and instruments, and make partitions ahead; needs an app context.

    Each role of the database then has the rights of its process, where there are such roles.
    """
    from flask_migrate import upgrade  # Loads Alembic, which no other command needs.

    upgrade()
    with stores.sessions.begin() as session:
        install_partition_functions(session)
        grant_rights(session)
        add_catalogue(session)
        add_markets(session, PROFILES.values())
        ensure_partitions(session, days_ahead(stores, ahead_days))


def days_ahead(stores: Stores, ahead_days: int) -> list[date]:
    """The trading days, from the present one on, whose partitions should exist."""
    today = stores.market.session_of(stores.clock.now())
    sessions = stores.market.sessions(today, today + timedelta(days=ahead_days))
    return [session.day for session in sessions]
