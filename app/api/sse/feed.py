"""One client's stream of bytes: a greeting, what it missed, and then what comes."""

import random
import time
from collections.abc import Iterator
from typing import Final

from redis.exceptions import RedisError

from app.api.sse.client import Client
from app.api.sse.frames import StreamId, greeting, heartbeat
from app.api.sse.hub import EventHub
from app.api.sse.resume import Resume
from app.errors import Unavailable

RETRY_MS: Final = (3000, 5000)
BUS_WAIT_S: Final = 1.0


def feed(hub: EventHub, client: Client, after: StreamId | None) -> Iterator[bytes]:
    """Chunks of the event stream for a client that has joined `hub`; ends when the client is cut.

    With `after` it first sends what came since that event. It is never silent for longer than the hub's limit says,
    also while Redis is away. At the latest then it gives a chunk, an empty one where the hub sends past it.
    """
    if after is None:
        hub.go_live(client)
    yield greeting(random.randint(*RETRY_MS))
    if after is not None:
        yield from _missed(hub, client, after)
    while (chunk := client.mailbox.take(hub.limits.heartbeat_s)) is not None:
        yield chunk


def _missed(hub: EventHub, client: Client, after: StreamId) -> Iterator[bytes]:
    resume = Resume(hub, client, after)
    sent_at = time.monotonic()
    while not resume.done:
        try:
            frames = resume.step()
        except (RedisError, Unavailable):
            notice = client.mailbox.take(min(BUS_WAIT_S, hub.limits.heartbeat_s), events=False)
            if notice is None:
                return
            yield notice
            continue
        if frames or time.monotonic() - sent_at > hub.limits.heartbeat_s:
            client.mailbox.sending(len(frames))
            yield b"".join(frames) or heartbeat(resume.place)
            sent_at = time.monotonic()
