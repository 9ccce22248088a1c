"""One client's stream of bytes: a greeting, what it missed, and then what comes."""

import logging
import random
from collections.abc import Iterator
from typing import Final

from redis.exceptions import RedisError

from app.api.sse.frames import StreamId, greeting, heartbeat
from app.api.sse.hub import Client, EventHub

log = logging.getLogger(__name__)

RETRY_MS: Final = (3000, 5000)
PAGE: Final = 200
BUS_WAIT_S: Final = 0.5


class Feed:
    """The bytes for one client that has joined `hub`; with `after` it first gets what came since that event."""

    def __init__(self, hub: EventHub, client: Client, after: StreamId | None) -> None:
        self._hub = hub
        self._client = client
        self._after = after
        self._joined_at: StreamId | None = None
        self._generation = hub.generation()

    def frames(self) -> Iterator[bytes]:
        """Chunks of the event stream, none empty, a heartbeat at the latest after the limit's seconds; ends when cut."""
        mailbox = self._client.mailbox
        if self._after is None:
            self._hub.go_live(self._client)
        yield greeting(random.randint(*RETRY_MS))
        if self._after is not None:
            yield from self._missed()
        while (found := mailbox.take(self._hub.limits.heartbeat_s)) is not None:
            yield b"".join(found) or heartbeat(mailbox.place)
