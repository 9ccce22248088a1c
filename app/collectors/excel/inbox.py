"""Where the thread that reads hands over to the one that collects."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from threading import Condition
from typing import Final, NamedTuple

from app.collectors.excel.area import Rows
from app.collectors.feeds import BUSY, CONNECTING, STREAMING

FRAMES: Final = 512


class Frame(NamedTuple):
    """The cells of a range, and when the read that found them ended.

    `is_anew` where it is the first after what was read from was lost: that may be another sheet now.
    """

    at: datetime
    rows: Rows
    is_anew: bool = False


@dataclass
class Standing:
    """How reading stands: a state of `feeds`, and since when of a clock that only goes forward; counts from the start.

    `reading_since` is when the read that is under way began, `busy_since` when Excel was first found busy; None where
    that is not so.
    """

    state: str = CONNECTING
    detail: str = ""
    reads: int = 0
    reconnects: int = 0
    replaced: int = 0
    read_ms: float = 0.0
    reading_since: float | None = None
    busy_since: float | None = None


class Inbox:
    """Changed frames in order, `limit` of them at most, and how reading stands. For one writer and one reader.

    Of two frames that are equal the later one is not kept, unless it is the first after a loss. When it is full a new
    frame takes the place of the last, whose changes are lost where the new one has changed them again; that is counted.
    """

    def __init__(self, limit: int = FRAMES) -> None:
        self._limit = limit
        self._changed = Condition()
        self._frames: deque[Frame] = deque()
        self._last: Rows | None = None
        self._owner: object = None
        self._is_broken = False
        self.standing = Standing()

    def change_owner(self, owner: object) -> None:
        """Listen to another writer only; the one before may hang, and wake up at any time."""
        with self._changed:
            told = self.standing
            if told.reading_since is not None and self._owner is not None:
                told.state, told.busy_since = BUSY, told.busy_since or told.reading_since
                self._is_broken = True
            self._owner, told.reading_since = owner, None

    def begin(self, owner: object, now_s: float) -> None:
        """A read begins."""
        with self._changed:
            if self._owner is owner:
                self.standing.reading_since = now_s

    def put(self, owner: object, frame: Frame, took_s: float) -> None:
        """A read has found this."""
        with self._changed:
            if self._owner is not owner:
                return
            told = self.standing
            told.state, told.detail, told.reading_since, told.busy_since = STREAMING, "", None, None
            is_anew = self._is_broken and told.reads > 0
            told.reconnects += is_anew
            told.reads, told.read_ms, self._is_broken = told.reads + 1, took_s * 1000, False
            if not is_anew and self._last is not None and (frame.rows is self._last or frame.rows == self._last):
                return
            if len(self._frames) == self._limit:
                is_anew |= self._frames.pop().is_anew
                told.replaced += 1
            self._frames.append(frame._replace(is_anew=is_anew))
            self._last = frame.rows
            self._changed.notify_all()

    def tell(self, owner: object, state: str, detail: str, now_s: float) -> bool:
        """A read has failed, in this way; whether that is news."""
        with self._changed:
            if self._owner is not owner:
                return False
            told = self.standing
            is_new = (told.state, told.detail) != (state, detail)
            self._is_broken |= state != BUSY
            told.state, told.detail, told.reading_since = state, detail, None
            told.busy_since = (told.busy_since or now_s) if state == BUSY else None
        return is_new

    def take(self) -> list[Frame]:
        """The frames that nobody took yet."""
        with self._changed:
            frames = list(self._frames)
            self._frames.clear()
        return frames

    def wait(self, longest_s: float) -> None:
        """Come back when there is a frame, after `longest_s` at the latest."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames, longest_s)
