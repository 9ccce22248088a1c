"""Asking for quotes: once at the start, to learn which symbols Schwab knows, and while the stream is away."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from app.clock import Clock
from app.collectors.schwab.counts import Counts
from app.collectors.schwab.intake import Intake
from app.collectors.schwab.listings import Keyed, Listing
from app.collectors.schwab.patience import Doubling, Patience
from app.collectors.schwab.rest import Answer, Denied, Throttled, ask_quotes
from app.collectors.schwab.session import NeedsLogin, SchwabSession
from app.collectors.schwab.standing import Board

log = logging.getLogger(__name__)


class Fallback:
    """Asks at most once in `poll_s`, and less often when Schwab is asked too much or fails.

    `down_since` tells since when the stream is away or says nothing, monotonic seconds, None while it is not.
    """

    def __init__(
        self,
        session: SchwabSession,
        listings: Mapping[Keyed, Listing],
        intake: Intake,
        board: Board,
        counts: Counts,
        patience: Patience,
        clock: Clock,
        down_since: Callable[[], float | None],
    ) -> None:
        self._session, self._intake, self._board, self._counts = session, intake, board, counts
        self._symbols = {listing.key: listing.symbol for listing in listings.values()}
        self._patience, self._clock, self._down_since = patience, clock, down_since
        self._pause = Doubling(patience.poll_s, patience.longest_poll_s)
        self._is_verified = False

    async def keep(self) -> None:
        """Never returns."""
        while True:
            if self._is_verified and not self._is_due():
                await asyncio.sleep(self._patience.look_s)
                continue
            await asyncio.sleep(await self._poll())

    def _is_due(self) -> bool:
        since = self._down_since()
        return since is not None and time.monotonic() - since > self._patience.fallback_after_s

    async def _poll(self) -> float:
        """Ask once; how long not to ask again."""
        try:
            async with asyncio.timeout(self._patience.attempt_s):
                client = await self._session.client()
                self._counts.rest_polls += 1
                answer = await ask_quotes(client, list(self._symbols))
            self._take(answer)
        except NeedsLogin:
            return self._patience.login_s
        except Exception as error:
            return await self._after(error)
        self._pause.reset()
        return self._pause.s

    async def _after(self, error: Exception) -> float:
        self._counts.rest_failures += 1
        self._board.end_fallback()
        if isinstance(error, Denied):
            await self._session.denied()
        log.info("no quotes by request: %s %s", type(error).__name__, str(error)[:200])
        self._pause.double()
        return max(self._pause.s, error.wait_s if isinstance(error, Throttled) else 0.0)

    def _take(self, answer: Answer) -> None:
        self._is_verified = True
        self._counts.malformed += answer.malformed
        self._board.know(sorted(self._symbols[key] for key in answer.unknown))
        if not self._is_due():  # What the stream tells is newer, and whole.
            return
        for quote in answer.quotes:
            self._intake.take_quote(quote.key, quote.fields, quote.is_delayed)
        if answer.quotes:
            self._board.fall_back(self._clock.now())
