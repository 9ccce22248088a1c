"""The parts of a running application, put together once and passed to whoever needs them."""

from dataclasses import dataclass

from flask import current_app
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from app.clock import Clock
from app.dispatch import Dispatch
from app.lake.layout import Lake
from app.market.market import Market
from app.settings import Settings

EXTENSION = "thor"


@dataclass(frozen=True)
class Runtime:
    """Settings, clock, stores and the way to the workers. `redis` replies in text; sessions keep rows after commit."""

    settings: Settings
    clock: Clock
    sessions: sessionmaker[Session]
    redis: Redis
    market: Market
    lake: Lake
    dispatch: Dispatch


def runtime() -> Runtime:
    """The runtime of the current application."""
    found: Runtime = current_app.extensions[EXTENSION]
    return found
