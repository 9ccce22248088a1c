"""Keeps a stream from Schwab going: connects, watches, connects again, and asks for quotes meanwhile."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Final

from httpx import HTTPStatusError

from app.clock import Clock
from app.collectors.feeds import FALLBACK, LOST, MISCONFIGURED, NEEDS_LOGIN
from app.collectors.schwab.counts import Counts
from app.collectors.schwab.intake import Intake, StreamEnded
from app.collectors.schwab.listings import Keyed, Listing
from app.collectors.schwab.patience import Backoff, Doubling, Patience, Silence
from app.collectors.schwab.session import NeedsLogin, SchwabSession
from app.collectors.schwab.standing import Board
from app.collectors.schwab.stream import DENIED, TAKEN_OVER, opened, subscribe, translated
from app.errors import Rejected, ThorError

log = logging.getLogger(__name__)

IsOpen = Callable[[str, datetime], bool]
UNAUTHORIZED: Final = (401, 403)
RARELY: Final = 32  # Of so many denials in a row one has the token replaced; so have the 1st, 2nd, 4th, 8th and 16th.


class StreamSilent(Exception):
    """The connection is there, and nothing comes over it."""


class Keeper:
    """Streams until it is cancelled, whatever happens.

    `down_since` tells since when the stream says nothing of any symbol, monotonic seconds, None while it does: Schwab
    tells all that it knows as soon as it is subscribed to.
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
        is_open: IsOpen,
    ) -> None:
        self._session, self._intake, self._board, self._counts = session, intake, board, counts
        self._listings = list(listings.values())
        self._patience, self._clock, self._is_open = patience, clock, is_open
        self._backoff, self._silence = Backoff(patience), Silence(patience)
        self._resubscribing = Doubling(patience.resubscribe_s, patience.longest_resubscribe_s)
        self._subscribed_at, self._denials, self._said = 0.0, 0, ""
        self._refused: list[str] = []
        self._is_shown = False
        self.down_since: float | None = time.monotonic()

    async def keep(self) -> None:
        """Never returns."""
        while True:
            began = time.monotonic()
            try:
                await self._stream()
            except Exception as error:
                self._intake.merger.forget()
                wait_s = await self._after(error, time.monotonic() - began)
            finally:
                self.down_since = self.down_since or time.monotonic()
            await asyncio.sleep(wait_s)

    async def _stream(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(self._patience.attempt_s):
                client = await self._session.client()
                stream = await stack.enter_async_context(opened(client, self._intake.take_frame, self._patience))
                self._silence.begin(time.monotonic())
                await self._subscribe(stream)
            self._denials, self._said = 0, ""
            await first_of(self._read(stream), self._watch())

    async def _subscribe(self, stream: Any) -> None:
        self._intake.begin()
        self._subscribed_at = time.monotonic()
        self._is_shown = False
        self._refused = [listing.symbol for listing in await subscribe(stream, self._listings)]

    async def _read(self, stream: Any) -> None:
        while True:
            with translated():
                await stream.handle_message()
            self._silence.hear(self._intake.frame_at)
            self._show()
            if self._intake.is_suspect:
                await self._start_afresh(stream)

    async def _start_afresh(self, stream: Any) -> None:
        since_s = time.monotonic() - self._subscribed_at
        if since_s < self._resubscribing.s:
            return
        if since_s > 2 * self._resubscribing.s:
            self._resubscribing.reset()
        else:
            self._resubscribing.double()
        async with asyncio.timeout(self._patience.attempt_s):
            await self._subscribe(stream)
        self._counts.resubscribed += 1

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._patience.look_s)
            self._show()
            now = self._clock.now()
            open_now = [listing.symbol for listing in self._listings if self._is_open(listing.symbol, now)]
            news_at = max((self._intake.news_at.get(symbol, 0.0) for symbol in open_now), default=0.0)
            if reason := self._silence.verdict(time.monotonic(), bool(open_now), news_at):
                raise StreamSilent(reason)

    def _show(self) -> None:
        if self._is_shown:
            return
        has_data = self._intake.streamed_at >= self._subscribed_at
        if has_data:
            self.down_since = None
        # Where nothing comes by request either, such as for symbols that Schwab does not serve, that is all there is.
        is_all = time.monotonic() - self._subscribed_at > self._patience.answer_s
        if has_data or (is_all and self._board.now.state != FALLBACK):
            self._board.stream(self._clock.now(), self._refused)
            self._is_shown = has_data

    async def _after(self, error: Exception, lived_s: float) -> float:
        """Say what happened; how long to wait before the next attempt."""
        if isinstance(error, NeedsLogin | Rejected):
            self._say(str(error))
            self._board.fail(NEEDS_LOGIN if isinstance(error, NeedsLogin) else MISCONFIGURED, str(error))
            return self._patience.login_s
        if lived_s >= self._patience.proven_s:
            self._backoff.reset()
        is_taken = isinstance(error, StreamEnded) and error.code == TAKEN_OVER
        wait_s = self._patience.taken_over_s if is_taken else self._backoff.next_s()
        if is_denial(error):
            self._denials += 1
            # Another token may be all that is missing. If it is not, Schwab is asked for one ever more rarely.
            if self._denials.bit_count() == 1 or self._denials % RARELY == 0:
                await self._session.denied()
            if self._denials == 1:
                wait_s = min(wait_s, self._patience.first_wait_s)
        reason = told(error)
        self._say(f"the stream from Schwab ended: {reason}")
        self._board.fail(LOST, f"{reason}; the next attempt is in {wait_s:.0f} s")
        return wait_s

    def _say(self, line: str) -> None:
        # A weekend of the same is told once.
        log.log(logging.DEBUG if line == self._said else logging.WARNING, "%s", line)
        self._said = line


async def first_of(*work: Coroutine[Any, Any, None]) -> None:
    """Do all until one ends, and end the others; raises what it raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def is_denial(error: Exception) -> bool:
    """Whether it says that the access token is refused."""
    if isinstance(error, HTTPStatusError):
        return error.response.status_code in UNAUTHORIZED
    return isinstance(error, StreamEnded) and error.code == DENIED


def told(error: Exception) -> str:
    """What happened, for a person; never more than one line."""
    if isinstance(error, StreamEnded) and error.code == TAKEN_OVER:
        return "another program has taken over the stream of this login (code 12), and there can be one: end that one"
    if isinstance(error, StreamEnded):
        return f"Schwab ended the stream with {error}"
    if isinstance(error, HTTPStatusError):
        return f"Schwab answered {error.response.status_code} to {error.request.url.path}"
    if isinstance(error, TimeoutError):
        return "Schwab did not answer in time"
    text = " ".join(str(error).split())[:200]
    return (
        text
        if isinstance(error, StreamSilent | ThorError)
        else f"the connection failed: {type(error).__name__} {text}".rstrip()
    )
