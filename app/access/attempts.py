"""How often somebody may try to log in: after some wrong passwords an address, or a name, waits, longer each time."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

FREE: Final = 4
LONGEST: Final = timedelta(minutes=15)
MOST_ADDRESSES: Final = 4096


class Attempts:
    """The attempts of each address since it last got in. The addresses that were quiet longest are forgotten first.

    `free` attempts need no wait between them.
    """

    def __init__(self, most: int = MOST_ADDRESSES, free: int = FREE) -> None:
        self._known: OrderedDict[str, tuple[int, datetime]] = OrderedDict()
        self._most, self._free = most, free
        self._lock = Lock()

    def begin(self, address: str, now: datetime) -> timedelta:
        """Count an attempt before its password is looked at, so that many at once are many; how long to wait instead.

        Zero when it may go on. An attempt that has to wait is not counted.
        """
        with self._lock:
            tried, free_at = self._known.get(address, (0, now))
            if now < free_at:
                return free_at - now
            pause = _pause(tried + 1 - self._free)
            self._known[address] = (tried + 1, now + pause)
            self._known.move_to_end(address)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return timedelta(0)

    def succeeded(self, address: str) -> None:
        """Forget the attempts of an address."""
        with self._lock:
            self._known.pop(address, None)

    def __len__(self) -> int:
        return len(self._known)


def _pause(beyond: int) -> timedelta:
    beyond = min(beyond, 20)
    return min(timedelta(seconds=2**beyond), LONGEST) if beyond > 0 else timedelta(0)
