"""The feed of quotes from Schwab: a stream in a thread of its own, merged, and numbered as it is taken."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Final

from app.clock import Clock, brief_text
from app.collectors.feeds import FeedState, NextSeq
from app.collectors.schwab.counts import Counts
from app.collectors.schwab.expiry import LoginTerm
from app.collectors.schwab.fallback import Fallback
from app.collectors.schwab.intake import Intake
from app.collectors.schwab.keeper import IsOpen, Keeper, first_of
from app.collectors.schwab.listings import listings
from app.collectors.schwab.patience import Patience
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.session import SchwabSession
from app.collectors.schwab.standing import Board
from app.collectors.schwab.upstream import library
from app.errors import Unavailable
from app.market.market import Market
from app.quotes import Quote

log = logging.getLogger(__name__)

END_S: Final = 5.0
TERM_S: Final = 60.0
DEFAULT: Final = Patience()


class SchwabFeed:
    """Quotes of `symbols` from Schwab's stream, or by request while that is away.

    It goes on by itself after whatever happens to the connection and to the login. `is_open` tells whether a symbol's
    market is open, to judge silence by. `on_term` is told how long the login is good, whenever that changes and every
    minute, in a thread of the feed's. Rejected when a symbol cannot be read.
    """

    def __init__(
        self,
        plan: SchwabPlan,
        symbols: Sequence[str],
        next_seq: NextSeq,
        market: Market,
        clock: Clock,
        is_open: IsOpen,
        *,
        patience: Patience = DEFAULT,
        on_term: Callable[[LoginTerm], None] = lambda _term: None,
    ) -> None:
        now = clock.now()
        listed = listings(symbols, now.date())
        _prepare(market, is_open, [listing.symbol for listing in listed.values()], now)
        self._symbols = tuple(listing.symbol for listing in listed.values())
        self._next_seq, self._patience, self._on_term = next_seq, patience, on_term
        self._counts, self._board = Counts(), Board()
        self._intake = Intake(listed, market, clock, self._counts)
        self._session = SchwabSession(plan, clock)
        shared = (self._session, listed, self._intake, self._board, self._counts, patience, clock)
        self._keeper = Keeper(*shared, is_open)
        self._fallback = Fallback(*shared, lambda: self._keeper.down_since)
        self._clock, self._failure = clock, ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None
        self._started, self._closed = Event(), False
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="schwab-feed", daemon=True)
        self._thread.start()

    def step(self, now: datetime) -> Sequence[Quote]:  # noqa: ARG002 - Quotes have the time at which they came.
        """What is new since the last step; Unavailable when the feed has ended by a fault of its own."""
        if self._failure and not self._closed:
            raise Unavailable(f"the feed from Schwab has ended: {self._failure}")
        return [quote._replace(seq=self._next_seq()) for quote in self._intake.drain()]

    def wait(self, longest_s: float) -> None:
        """Come back as soon as a quote has come, after `longest_s` at the latest."""
        self._intake.ready.wait(longest_s)

    def state(self) -> FeedState:
        """How the feed stands; a symbol is silent that did not answer within `answer_s` of the first delivery."""
        now = self._board.now
        silent = tuple(name for name in self._symbols if name not in self._intake.heard)
        if now.first is None or self._clock.now() - now.first < timedelta(seconds=self._patience.answer_s):
            silent = tuple(name for name in silent if name in now.unknown or name in now.refused)
        return FeedState(
            now.state,
            "; ".join(filter(None, (now.detail, *self._remarks(silent)))),
            now.since,
            self._intake.data_at,
            now.reconnects,
            self._symbols,
            silent,
            self._figures(),
        )

    def close(self) -> None:
        """Leave the stream; quotes that were not taken are given up."""
        self._closed = True
        self._started.wait(END_S)
        if self._loop and self._work:
            with contextlib.suppress(RuntimeError):  # It has ended by itself.
                self._loop.call_soon_threadsafe(self._work.cancel)
        self._thread.join(END_S)
        self._intake.drain()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            log.debug("the feed from Schwab has ended")
        except Exception as error:
            log.exception("the feed from Schwab has ended by a fault of its own")
            self._failure = f"{type(error).__name__}: {str(error)[:200]}"
        finally:
            self._started.set()
            self._intake.ready.set()

    async def _main(self) -> None:
        self._loop, self._work = asyncio.get_running_loop(), asyncio.current_task()
        self._started.set()
        try:
            await first_of(self._keeper.keep(), self._fallback.keep(), self._tell_term())
        finally:
            await self._session.aclose()

    async def _tell_term(self) -> None:
        told, told_at = None, 0.0
        while True:
            try:
                term = await self._session.look()
                if term and (term != told or time.monotonic() - told_at >= TERM_S):
                    told, told_at = term, time.monotonic()
                    await asyncio.to_thread(self._on_term, term)
            except Exception as error:
                log.warning("cannot tell how long the login is good: %s", str(error)[:200])
            await asyncio.sleep(self._patience.login_s)

    def _remarks(self, silent: Sequence[str]) -> list[str]:
        standing = self._board.now
        refused = [name for name in standing.refused if name in silent]
        others = [name for name in silent if name not in refused]
        delayed = sorted(self._intake.delayed)
        return [
            f"Schwab's symbol limit leaves out {', '.join(refused)}: watch fewer symbols" if refused else "",
            f"no answer for {', '.join(others)}: does Schwab serve them?" if others else "",
            f"delayed: {', '.join(delayed)}" if delayed else "",
        ]

    def _figures(self) -> dict[str, int | str]:
        term = self._session.term
        return {
            **self._counts.figures(),
            "waiting": self._intake.waiting,
            "keys_known": self._intake.merger.keys_known,
            "login_expires": brief_text(term.expires_at) if term else "",
        }


def _prepare(market: Market, is_open: IsOpen, symbols: Sequence[str], now: datetime) -> None:
    # What takes its time at first use would keep the stream waiting, and is not for two threads at once.
    library()
    market.session_of(now)
    for symbol in symbols:
        is_open(symbol, now)
