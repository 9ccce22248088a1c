"""Streams end when whoever opened them may not see them any more."""

import time
from collections.abc import Iterator
from typing import Final

from app.access.ring import KeyRing
from app.access.roles import Caller

LOOK_S: Final = 1.0


def while_known(ring: KeyRing, caller: Caller, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a stream until the caller's key or login opens nothing any more; looked at every `LOOK_S` seconds.

    A stream that is silent for longer than that is noticed with its next chunk. An empty chunk is an occasion to look,
    and nothing else.
    """
    looked_at = time.monotonic()
    for chunk in chunks:
        if chunk:
            yield chunk
        if time.monotonic() - looked_at >= LOOK_S:
            if not ring.holds(caller):
                return
            looked_at = time.monotonic()
