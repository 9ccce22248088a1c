"""Bringing the database up to date: tables, instruments, partitions."""

from datetime import date, timedelta

from flask_migrate import upgrade

from app.instruments.store import add_catalogue
from app.stores import Stores
from app.ticks.partitions import ensure_partitions


def migrate_database(stores: Stores, ahead_days: int) -> None:
    """Run the migrations, add missing instruments of the catalogue and make partitions ahead; needs an app context."""
    upgrade()
    with stores.sessions.begin() as session:
        add_catalogue(session)
        ensure_partitions(session, days_ahead(stores, ahead_days))


def days_ahead(stores: Stores, ahead_days: int) -> list[date]:
    """The trading days, from the present one on, whose partitions should exist."""
    today = stores.market.session_of(stores.clock.now())
    sessions = stores.market.sessions(today, today + timedelta(days=ahead_days))
    return [session.day for session in sessions]
