"""The watchlist, remembered for a while, so that quotes need PostgreSQL neither per request nor while it is away."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

from app.api.problems import AWAY
from app.errors import Unavailable

log = logging.getLogger(__name__)

KEPT_S: Final = 5.0
WAIT_S: Final = 2.0


class Watchlist:
    """Answers with the list read at most `kept_s` ago; while the database is away, with the last that was read.

    While another thread reads, whoever knows no list yet waits for it, at most `wait_s`.
    """

    def __init__(self, read: Callable[[], Sequence[str]], *, kept_s: float = KEPT_S, wait_s: float = WAIT_S) -> None:
        self._read = read
        self._kept_s = kept_s
        self._wait_s = wait_s
        self._reading = Lock()
        self._symbols: list[str] | None = None
        self._tried_at = 0.0

    def symbols(self) -> list[str]:
        """The watched symbols in order; the database's error, or Unavailable, when it has never answered yet."""
        known = self._symbols
        if known is not None and time.monotonic() < self._tried_at + self._kept_s:
            return known
        # Whoever comes while another reads takes what is known: a silent database must not hold up everyone.
        if not self._reading.acquire(timeout=self._wait_s if known is None else 0):
            if known is None:
                raise Unavailable("the watchlist cannot be read: name the symbols, or try again")
            return known
        try:
            return self._refresh(known)
        finally:
            self._reading.release()

    def renew(self) -> None:
        """Read the list now, because it was changed: whoever asks afterwards is answered with the change.

        Where the database does not answer, the last list stays, and is read again when somebody asks.
        """
        # Who reads already may have begun before the change.
        is_mine = self._reading.acquire(timeout=self._wait_s)
        self._tried_at = -math.inf
        if not is_mine:
            return
        try:
            self._symbols = list(self._read())
            self._tried_at = time.monotonic()
        except (*AWAY, Unavailable) as error:
            _say_kept(error)
        finally:
            self._reading.release()

    def _refresh(self, known: list[str] | None) -> list[str]:
        self._tried_at = time.monotonic()
        try:
            self._symbols = list(self._read())
        except (*AWAY, Unavailable) as error:
            if known is None:
                raise
            _say_kept(error)
            return known
        return self._symbols


def _say_kept(error: Exception) -> None:
    log.warning("the watchlist stays as it was: %s", str(error).partition("\n")[0])
