"""What the HTTP edge keeps for all requests: its connection, the stream hub, the watchlist, the checks and readings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import BoundedSemaphore
from typing import Final

from flask import current_app
from redis import Redis

from app.api.sse.hub import EventHub
from app.api.watched import Watchlist
from app.operations.health import Probes

EXTENSION: Final = "thor.api"
# Each takes a thread of the web server, as a client of the quote stream does.
PROGRESS_CLIENTS: Final = 12
ALERT_CLIENTS: Final = 8


@dataclass(frozen=True)
class ApiParts:
    """The parts; `connect_bus` is called at the first use of `bus`.

    `probes` tell whether Thor is ready, `meters` what it counts. Who follows a job takes one of `progress_places`, who
    follows alerts one of `alert_places`.
    """

    connect_bus: Callable[[], Redis]
    hub: EventHub
    watchlist: Watchlist
    probes: Probes
    meters: Probes
    progress_places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(PROGRESS_CLIENTS))
    alert_places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(ALERT_CLIENTS))

    @cached_property
    def bus(self) -> Redis:
        """Redis with replies in text; gives up after a short time, so that no request hangs on a silent server."""
        return self.connect_bus()


def parts() -> ApiParts:
    """The parts of the current application's edge."""
    found: ApiParts = current_app.extensions[EXTENSION]
    return found
