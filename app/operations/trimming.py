"""Trimming the stream, and remembering in the database what goes with it."""

import logging

from app.bus import keys
from app.bus.stream import STREAM_CAP
from app.bus.trimming import acknowledged_position, trim_stored
from app.ledger.batches import id_number, prune_batches
from app.ledger.positions import save_position
from app.stores import Stores

log = logging.getLogger(__name__)


def trim_stream(stores: Stores, window_s: float, cap: int = STREAM_CAP) -> int:
    """Drop what is stored and older than `window_s` from the stream; returns how many entries went.

    Of a stream that nears `cap`, at which publishers are refused, everything that is stored goes. The database learns
    up to where the ingest group has come, and forgets the batches that can never come again.
    """
    position = acknowledged_position(stores.redis)
    trimmed = trim_stored(stores.redis, stores.clock.now(), window_s, cap)
    with stores.sessions.begin() as session:
        if position:
            save_position(session, keys.INGEST_GROUP, *position, stores.clock.now())
        if trimmed.oldest_id:
            # An entry that is not acknowledged comes again even where somebody else has trimmed it away.
            done = [trimmed.oldest_id, *([position[1]] if position else [])]
            prune_batches(session, min(done, key=id_number))
    if trimmed.entries:
        log.info("trimmed %s stored entries from the stream", trimmed.entries)
    return trimmed.entries
