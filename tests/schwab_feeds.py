"""Feeds from the stand-in for Schwab, in a hurry or not."""

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.clock import SystemClock
from app.collectors.feeds import NextSeq
from app.collectors.schwab.feed import SchwabFeed
from app.collectors.schwab.patience import Patience
from app.collectors.schwab.plan import SchwabPlan
from app.market.market import Market
from app.market.markets import Markets
from app.quotes import Quote
from tests.schwab.standin import StandIn
from tests.waiting import until

FUTURES: Final = "LEVELONE_FUTURES"
EQUITIES: Final = "LEVELONE_EQUITIES"
HASTY: Final = Patience(
    attempt_s=5.0,
    first_wait_s=0.05,
    longest_wait_s=0.4,
    proven_s=1.0,
    taken_over_s=1.0,
    login_s=0.1,
    no_frame_s=2.0,
    silent_s=1.5,
    longest_silent_s=6.0,
    look_s=0.05,
    answer_s=1.0,
    resubscribe_s=0.1,
    longest_resubscribe_s=0.5,
    fallback_after_s=0.3,
    poll_s=0.1,
    longest_poll_s=0.4,
    close_s=0.2,
)


def plan_of(schwab: StandIn, directory: Path, token: dict[str, Any] | None = None) -> SchwabPlan:
    """The settings with which the stand-in is reached, and a login of today kept in the directory."""
    file = directory / "schwab" / "token.json"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(token or schwab.token()))
    return SchwabPlan(schwab.client_id, schwab.client_secret, schwab.redirect_uri, file, api_url=schwab.api_url)


class Running:
    """A feed, and every quote that it has given."""

    def __init__(self, feed: SchwabFeed) -> None:
        self.feed = feed
        self.quotes: list[Quote] = []

    def take(self) -> None:
        """Step once."""
        self.quotes += self.feed.step(datetime.now(UTC))

    def wait(self, holds: Callable[[list[Quote]], object], deadline_s: float = 20.0) -> None:
        """Step until something holds of the quotes; AssertionError when it does not come true in time."""

        def told() -> object:
            self.take()
            return holds(self.quotes)

        until(told, deadline_s)

    def wait_for_state(self, state: str, deadline_s: float = 20.0) -> None:
        """Step until the feed stands like this."""
        self.wait(lambda _quotes: self.feed.state().state == state, deadline_s)


@contextlib.contextmanager
def running(
    plan: SchwabPlan,
    symbols: Sequence[str] = ("ES",),
    patience: Patience = HASTY,
    is_open: Callable[[str, datetime], bool] = lambda _symbol, _now: False,
    next_seq: NextSeq | None = None,
    **more: Any,
) -> Iterator[Running]:
    """A feed of the symbols, ended with the block. No market is open to it, unless it is told otherwise."""
    numbers = itertools.count(1)
    feed = SchwabFeed(
        plan, symbols, lambda: next(numbers), _market(), SystemClock(), is_open, patience=patience, **more
    )
    try:
        yield Running(feed)
    finally:
        feed.close()


def now_ms() -> int:
    """The present time as Schwab tells it."""
    return time.time_ns() // 1_000_000


@cache
def _market() -> Market:
    return Markets(clock=SystemClock()).named("CME_Futures")
