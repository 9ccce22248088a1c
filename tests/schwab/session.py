"""One connection of the streamer: what it subscribes to, and what waits to be told to it."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.schwab import frames
from tests.schwab.faults import OF_DATA, Faults, spoiled_data

# A client that falls behind by this many changes is cut off.
BACKLOG: Final = 200_000
# The most keys in one frame.
GROUPED: Final = 50
Change = tuple[str, frames.Content]


class Waiting(NamedTuple):
    """What is to be sent, no earlier than `due` (monotonic seconds), and when it was put there (epoch milliseconds)."""

    due: float
    at_ms: int
    said: str | Change


class Session:
    """Changes may be added by any thread that holds the lock; the rest runs in the loop's thread."""

    def __init__(
        self, socket: ServerConnection, lock: threading.Condition, faults: Faults, conflate_s: float = 0.0
    ) -> None:
        self.logged_in = False
        self.subscriptions: dict[str, dict[str, frozenset[str]]] = {}
        self.open = True
        self._socket, self._lock, self._faults, self._conflate_s = socket, lock, faults, conflate_s
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self._held: dict[tuple[str, str], frames.Content] = {}
        self._wake, self._is_woken = asyncio.Event(), False
        self._silent, self._muted, self.ending = faults.silent_from_the_start, False, False
        if faults.muted_from_the_start:
            self.hush(muted=True)

    def wants(self, service: str, key: str) -> frozenset[str] | None:
        """The fields of a key that it subscribes to; None when it does not."""
        return self.subscriptions.get(service, {}).get(key)

    def say(self, frame: object) -> None:
        """Send a frame after those that wait."""
        with self._lock:
            self._put(frames.written(frame))

    def change(self, service: str, content: frames.Content) -> None:
        """Tell what has changed, or everything, of a key."""
        with self._lock:
            is_behind = (service, content["key"]) in self._held
            if self._silent or self._muted or self._conflate_s or is_behind:
                self._hold(service, content)
                self._stir()
            else:
                self._put((service, content))

    def forget(self, service: str, key: str) -> None:
        """Let what is held back of a key never be told."""
        self._held.pop((service, key), None)

    def hush(self, silent: bool | None = None, muted: bool | None = None) -> None:
        """See Faults.silence and Faults.mute."""
        with self._lock:
            self._silent = self._silent if silent is None else silent
            self._muted = self._muted if muted is None else muted
            if self._silent or self._muted:
                self._hold_all()
            self._stir()
        if muted is not None:
            transport = self._socket.transport
            self._soon(transport.pause_reading if muted else transport.resume_reading)

    def cut(self) -> None:
        """Lose the connection, now, without a close frame."""
        with self._lock:
            self.open = False
            self._lock.notify_all()
        self._soon(self._socket.transport.abort)

    def end(self, code: int) -> None:
        """Tell a code without being asked, and close."""
        with self._lock:
            self.say(frames.notice(code))
            self.close_after_all()

    def close_after_all(self) -> None:
        """Close once everything is said; no more is said then."""
        with self._lock:
            self.open, self.ending = False, True
            self._lock.notify_all()
            self._stir()

    async def write(self) -> None:
        """Send what waits until the connection is to be closed, and close it."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._wake.wait()
                if self._conflate_s and self.open:
                    await asyncio.sleep(self._conflate_s)
                while (due := self._due()) is not None:
                    await asyncio.sleep(max(due - time.monotonic(), 0))
                    if (frame := self._next()) is not None:
                        await self._socket.send(frame)
                if self.ending:
                    await self._socket.close()
                    return

    async def beat(self, every_s: float) -> None:
        """Send heartbeats."""
        while True:
            await asyncio.sleep(every_s)
            if not self._muted:
                self.say(frames.heartbeat())

    async def stop_when_empty(self, after_s: float) -> None:
        """Stop a connection that has been logged in for this long without a subscription."""
        empty_since = None
        while True:
            await asyncio.sleep(min(after_s / 10, 0.5))
            if not self.logged_in or any(self.subscriptions.values()):
                empty_since = None
            elif empty_since is None:
                empty_since = self._loop.time()
            elif self._loop.time() - empty_since >= after_s:
                self.end(frames.STOPPED)
                return

    def _due(self) -> float | None:
        """When the next frame is to be sent; None when none is until there is a stir."""
        with self._lock:
            self._is_woken = False
            self._wake.clear()
            if not self._waiting and not self._silent and not self._muted:
                for (service, _), content in self._held.items():
                    self._put((service, content))
                self._held.clear()
            return self._waiting[0].due if self._waiting and not self._muted else None

    def _next(self) -> str | None:
        with self._lock:
            if self._muted or not self._waiting:
                return None
            first = self._waiting[0]
            if isinstance(first.said, str):
                self._waiting.popleft()
                return first.said
            return self._data(self._take_changes(), first.at_ms)

    def _put(self, said: str | Change) -> None:
        self._waiting.append(Waiting(time.monotonic() + self._faults.delay_s, frames.now_ms(), said))
        if len(self._waiting) > BACKLOG:
            self.cut()
        self._stir()

    def _hold(self, service: str, content: frames.Content) -> None:
        self._held.setdefault((service, content["key"]), {}).update(content)

    def _hold_all(self) -> None:
        for item in self._waiting:
            if not isinstance(item.said, str):
                self._hold(*item.said)
        self._waiting = deque(item for item in self._waiting if isinstance(item.said, str))

    def _take_changes(self) -> list[Change]:
        taken: dict[tuple[str, str], frames.Content] = {}
        now = time.monotonic()
        while self._waiting and len(taken) < GROUPED:
            due, _, said = self._waiting[0]
            if isinstance(said, str) or (said[0], said[1]["key"]) in taken or (taken and due > now):
                break
            taken[said[0], said[1]["key"]] = said[1]
            self._waiting.popleft()
        return [(service, content) for (service, _), content in taken.items()]

    def _data(self, changes: list[Change], at_ms: int) -> str:
        frame = frames.data(changes, at_ms)
        text = frames.written(frame)
        if kind := self._faults.take_malformation(OF_DATA):
            spoiled = spoiled_data(frame, text, kind)
            return spoiled if isinstance(spoiled, str) else frames.written(spoiled)
        return text

    def _stir(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._soon(self._wake.set)

    def _soon(self, act: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has ended, and with it the connection.
            self._loop.call_soon_threadsafe(act)
