"""One connection of the streamer: what it subscribes to, and what waits to be told to it."""

import asyncio
import contextlib
import threading
from collections import deque
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.schwab import frames
from tests.schwab.faults import OF_DATA, Faults, spoiled_data

# A client that falls behind by this many changes is cut off.
BACKLOG: Final = 200_000
# The most keys in one frame.
GROUPED: Final = 50
Change = tuple[str, frames.Content]


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
        self._waiting: deque[str | Change] = deque()
        self._held: dict[tuple[str, str], frames.Content] = {}
        self._wake, self._is_woken = asyncio.Event(), False
        self._silent, self._muted, self.ending = faults.silent_from_the_start, False, False
        if faults.muted_from_the_start:
            self.hush(muted=True)

    def wants(self, service: str, key: str) -> frozenset[str] | None:
        """The fields of a key that it subscribes to; None when it does not."""
        return self.subscriptions.get(service, {}).get(key)

    def say(self, frame: dict[str, Any]) -> None:
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
                while (frame := self._next()) is not None:
                    if self._faults.delay_s:
                        await asyncio.sleep(self._faults.delay_s)
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

    def _next(self) -> str | None:
        with self._lock:
            self._is_woken = False
            self._wake.clear()
            if self._muted:
                return None
            if not self._waiting and not self._silent:
                self._waiting.extend((service, content) for (service, _), content in self._held.items())
                self._held.clear()
            if not self._waiting:
                return None
            if isinstance(self._waiting[0], str):
                return self._waiting.popleft()  # type: ignore[return-value]
            return self._data(self._take_changes())

    def _put(self, item: str | Change) -> None:
        self._waiting.append(item)
        if len(self._waiting) > BACKLOG:
            self.cut()
        self._stir()

    def _hold(self, service: str, content: frames.Content) -> None:
        self._held.setdefault((service, content["key"]), {}).update(content)

    def _hold_all(self) -> None:
        for item in self._waiting:
            if not isinstance(item, str):
                self._hold(*item)
        self._waiting = deque(item for item in self._waiting if isinstance(item, str))

    def _take_changes(self) -> list[Change]:
        taken: dict[tuple[str, str], frames.Content] = {}
        while self._waiting and len(taken) < GROUPED and not isinstance(self._waiting[0], str):
            service, content = self._waiting[0]
            if (service, content["key"]) in taken:
                break
            taken[service, content["key"]] = content
            self._waiting.popleft()
        return [(service, content) for (service, _), content in taken.items()]

    def _data(self, changes: list[Change]) -> str:
        frame = frames.data(changes)
        text = frames.written(frame)
        if kind := self._faults.take_malformation(OF_DATA):
            spoiled = spoiled_data(frame, text, kind)
            return spoiled if isinstance(spoiled, str) else frames.written(spoiled)
        return text

    def _stir(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._soon(self._wake.set)

    def _soon(self, act: Any) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has ended, and with it the connection.
            self._loop.call_soon_threadsafe(act)
