"""How a Schwab feed stands, as its own thread notes it and others read it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.collectors.feeds import CONNECTING, FALLBACK, LOST, STREAMING


@dataclass(frozen=True)
class Standing:
    """State and reason; `since` is when it began to deliver, None while it does not, and `first` when it ever did."""

    state: str = CONNECTING
    detail: str = ""
    since: datetime | None = None
    reconnects: int = 0
    refused: Sequence[str] = ()
    unknown: Sequence[str] = ()
    first: datetime | None = None


class Board:
    """The present standing: written by one thread, whole, and read by any."""

    def __init__(self) -> None:
        self.now = Standing()
        self._has_streamed = False

    def stream(self, at: datetime, refused: Sequence[str]) -> None:
        """It streams, but for the symbols that were refused."""
        if self.now.state == STREAMING:
            self.now = replace(self.now, refused=tuple(refused))
            return
        reconnects = self.now.reconnects + self._has_streamed
        self._has_streamed = True
        first = self.now.first or at
        self.now = replace(
            self.now, state=STREAMING, detail="", since=at, reconnects=reconnects, refused=tuple(refused), first=first
        )

    def fail(self, state: str, detail: str) -> None:
        """It does not stream, for this reason. A fallback goes on delivering while the connection alone is lost."""
        if self.now.state == FALLBACK and state == LOST:
            self.now = replace(self.now, detail=detail)
        else:
            self.now = replace(self.now, state=state, detail=detail, since=None)

    def fall_back(self, at: datetime) -> None:
        """Quotes come by request, while the stream is away or says nothing."""
        if self.now.state in (CONNECTING, LOST, STREAMING):
            self.now = replace(self.now, state=FALLBACK, since=at, first=self.now.first or at)

    def end_fallback(self) -> None:
        """Requests are not answered either."""
        if self.now.state == FALLBACK:
            self.now = replace(self.now, state=LOST, since=None)

    def know(self, unknown: Sequence[str]) -> None:
        """These symbols are none at Schwab, by its own account."""
        self.now = replace(self.now, unknown=tuple(unknown))
