"""Trying the channels of alerts, one message each."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from app.alerts.channels.channel import Channel
from app.alerts.messages import message_of_test
from app.alerts.rules import Condition
from app.alerts.store import raise_alert
from app.errors import ThorError
from app.stores import Stores

log = logging.getLogger(__name__)

Outcome = Literal["sent", "failed", "not set up"]
LOG: Final = "log"
API: Final = "api"
TRIABLE: Final = (LOG, "mail", "webhook", API)
_HOW: Final = {
    "mail": "set SMTP_HOST, ALERT_MAIL_FROM and ALERT_MAIL_TO",
    "webhook": "set ALERT_WEBHOOK_URL and ALERT_WEBHOOK_HOSTS",
}


@dataclass(frozen=True)
class Trial:
    """What came of a message through a channel, in a word and in a line for a person."""

    channel: str
    outcome: Outcome
    detail: str


def try_channels(stores: Stores, channels: Sequence[Channel], names: Sequence[str], by: str) -> Iterator[Trial]:
    """Send a message through each channel of `names` at once, whatever the severities and quiet hours.

    That of the API is an alert of the rule `channel_test`, which is over after a few minutes.
    """
    able = {channel.name: channel for channel in channels}
    for name in names:
        if name == LOG:
            log.warning("a test of the log, asked for by %s: nothing is wrong", by)
            yield Trial(name, "sent", "the line is in the log, which here is standard error")
        elif name == API:
            yield _raise(stores, by)
        elif name in able:
            yield _send(stores, able[name])
        else:
            yield Trial(name, "not set up", _HOW.get(name, "there is no such channel"))


def _raise(stores: Stores, by: str) -> Trial:
    condition = Condition("channel_test", by, "Nothing is wrong: somebody asked for this with `flask alerts --test`.")
    with stores.sessions.begin() as session:
        alert = raise_alert(session, condition, stores.clock.now())
    return Trial(API, "sent", f"alert {alert.id} is raised: GET /api/alerts and the stream of events show it")


def _send(stores: Stores, channel: Channel) -> Trial:
    try:
        channel.send(message_of_test(stores.clock.now()))
    except ThorError as error:
        return Trial(channel.name, "failed", str(error))
    return Trial(channel.name, "sent", "taken by the other side")
