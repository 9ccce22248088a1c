"""Sending the messages about alerts that are due."""

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Final

from redis.exceptions import RedisError

from app.alerts.channels.channel import Channel
from app.alerts.deliveries import (
    Claim,
    claim_delivery,
    drop_unreachable,
    give_up_lost,
    note_failed,
    note_sent,
)
from app.bus import keys
from app.errors import Rejected, ThorError, Unavailable
from app.metrics.families import ALERT_MESSAGES
from app.metrics.recording import count
from app.stores import Stores

log = logging.getLogger(__name__)

DELIVER: Final = "deliver-alerts"
# One of the few threads of its queue is busy for so long, and the last message may take as long as a channel does.
WORK_FOR_S: Final = 40.0
_ALONE_FOR_S: Final = 70


def deliver_unless_under_way(stores: Stores, channels: Sequence[Channel]) -> int:
    """Send what is due as `deliver_due`; 0 when another process does so at this moment."""
    with _alone(stores) as is_alone:
        return deliver_due(stores, channels) if is_alone else 0


def deliver_due(stores: Stores, channels: Sequence[Channel], *, work_for_s: float = WORK_FOR_S) -> int:
    """Send the messages that are due, critical ones first, for `work_for_s` at most; returns how many were sent.

    A channel that fails is left alone until the next time, so that one that is away costs no more than one attempt. No
    transaction is open while something is sent; several processes may do this at once.
    """
    able = {channel.name: channel for channel in channels}
    sent, until_s = 0, time.monotonic() + work_for_s
    with stores.sessions.begin() as session:
        drop_unreachable(session, list(able), stores.clock.now())
        give_up_lost(session, stores.clock.now())
    while able and time.monotonic() < until_s:
        with stores.sessions.begin() as session:
            claim = claim_delivery(session, list(able), stores.clock.now())
        if claim is None:
            break
        if _send(stores, able[claim.channel], claim):
            sent += 1
        else:
            del able[claim.channel]
    return sent


def _send(stores: Stores, channel: Channel, claim: Claim) -> bool:
    try:
        channel.send(claim.message)
    except ThorError as error:
        _note_failed(stores, claim, str(error), for_good=isinstance(error, Rejected))
        return False
    except Exception as error:
        # Its text may tell what is secret.
        _note_failed(stores, claim, f"the channel failed ({type(error).__name__})", for_good=False)
        return False
    with stores.sessions.begin() as session:
        note_sent(session, claim, stores.clock.now())
    count(ALERT_MESSAGES, claim.channel, "sent")
    return True


def _note_failed(stores: Stores, claim: Claim, error: str, *, for_good: bool) -> None:
    count(ALERT_MESSAGES, claim.channel, "failed")
    log.warning("alert %s was not sent by %s: %s", claim.alert_id, claim.channel, error)
    with stores.sessions.begin() as session:
        note_failed(session, claim, error, stores.clock.now(), for_good=for_good)


@contextlib.contextmanager
def _alone(stores: Stores) -> Iterator[bool]:
    # Two at once would do no harm, but take both threads of the queue, one of which is the tick's. Without Redis
    # messages go all the same: that it is away may be what they tell.
    key = keys.asked(DELIVER)
    try:
        is_alone = bool(stores.redis.set(key, 1, nx=True, ex=_ALONE_FOR_S))
    except (RedisError, Unavailable):
        yield True
        return
    try:
        yield is_alone
    finally:
        if is_alone:
            with contextlib.suppress(RedisError):
                stores.redis.delete(key)
