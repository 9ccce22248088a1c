"""Telling stream clients how the sources stand and whose quotes are displayed, whenever that changes."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import RedisError

from app.api.sse.client import Client
from app.api.sse.frames import sources
from app.errors import ThorError

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0


@dataclass(frozen=True)
class Sighting:
    """A state in a word or two per source, and per symbol the source whose quote is displayed."""

    states: Mapping[str, str] = field(default_factory=dict)
    displayed: Mapping[str, str] = field(default_factory=dict)

    def frame(self, symbols: Collection[str] | None) -> bytes:
        """The event for a client of these symbols, of all when None."""
        mine = {name: one for name, one in self.displayed.items() if symbols is None or name in symbols}
        return sources(self.states, mine)


Look = Callable[[Collection[str]], Sighting]


class SourceNews:
    """Looks at the sources once a second while there are clients, at once for a new one; use it from one thread.

    Where looking fails, clients are told nothing, and it is tried again a second later.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._due_at = 0.0
        self._has_failed = False

    def tell(self, clients: Collection[Client]) -> None:
        """Tell each client what it does not know yet."""
        is_new = not (self._has_failed or all(client.told_sources for client in clients))
        if not clients or (time.monotonic() < self._due_at and not is_new):
            return
        self._due_at = time.monotonic() + LOOK_S
        try:
            sighting = self._look(frozenset().union(*(client.mailbox.symbols or () for client in clients)))
        except Exception as error:  # Quotes go on whatever is wrong here.
            if not self._has_failed:
                away = isinstance(error, RedisError | ThorError)
                log.warning("clients cannot be told of the sources: %s", error, exc_info=None if away else error)
            self._has_failed = True
            return
        self._has_failed = False
        self._hand_out(sighting, clients)

    def _hand_out(self, sighting: Sighting, clients: Collection[Client]) -> None:
        frames: dict[frozenset[str] | None, bytes] = {}
        for client in clients:
            symbols = client.mailbox.symbols
            if symbols not in frames:
                frames[symbols] = sighting.frame(symbols)
            if client.told_sources != frames[symbols]:
                client.told_sources = frames[symbols]
                client.mailbox.tell_sources(frames[symbols])
