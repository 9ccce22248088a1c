"""The runtime of the current application: its stores and its settings."""

from dataclasses import dataclass

from flask import current_app

from app.settings import Settings
from app.stores import Stores

EXTENSION = "thor"


@dataclass(frozen=True)
class Runtime(Stores):
    """What the edges work with."""

    settings: Settings


def runtime() -> Runtime:
    """The runtime of the current application."""
    found: Runtime = current_app.extensions[EXTENSION]
    return found
