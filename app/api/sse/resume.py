"""What a client missed: pages of the stream since its last event, joined to the live end without gap or repeat."""

from typing import Final

from app.api.sse.client import Client
from app.api.sse.frames import StreamId
from app.api.sse.hub import EventHub
from app.errors import Unavailable

PAGE: Final = 200
TURN_WAIT_S: Final = 1.0


class Resume:
    """Reads on from the event `after` until the client is live; where that cannot be, the client is told to reset."""

    def __init__(self, hub: EventHub, client: Client, after: StreamId) -> None:
        self._hub = hub
        self._client = client
        self._after = after
        self._until: StreamId | None = None
        self._is_checked = False
        self.done = False

    @property
    def place(self) -> StreamId:
        """The newest id up to which everything was read."""
        return self._after

    def step(self) -> list[bytes]:
        """The frames of the next page, perhaps none; RedisError or Unavailable, and nothing is lost, when it fails."""
        if self._until is not None and self._after >= self._until:
            self.done = True
            return []
        if not self._hub.turns.acquire(timeout=TURN_WAIT_S):
            raise Unavailable("others are reading what they missed")
        try:
            return self._next_page()
        finally:
            self._hub.turns.release()

    def _next_page(self) -> list[bytes]:
        if not self._is_checked and self._is_expired():
            return self._give_up("expired")
        page = self._hub.tail.page_after(self._after, PAGE, self._until)
        if page is None:
            return self._give_up("unknown")
        after = page.last or self._after
        if page.read < PAGE:
            self._finish(after)
        self._after, self._is_checked = after, True
        return [event.frame for event in page.events if self._client.mailbox.wants(event.symbol)]

    def _is_expired(self) -> bool:
        tail = self._hub.tail
        age_s = tail.now_ms() / 1000 - self._after[0] / 1000
        return age_s > self._hub.limits.resume_window_s and tail.newest() != self._after

    def _finish(self, after: StreamId) -> None:
        self.done = self._until is not None
        if not self.done:
            self._until = self._hub.go_live_after(self._client, after)
            if self._until is None:
                raise Unavailable("the end of the stream is not known")

    def _give_up(self, reason: str) -> list[bytes]:
        self._hub.reset_client(self._client, reason)
        self.done = True
        return []
