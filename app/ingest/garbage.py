"""Looking for garbage less often."""

import contextlib
import gc
from collections.abc import Iterator
from threading import Lock
from typing import Final

RARELY: Final = (50_000, 20, 100)


class _Rarity:
    """For how many blocks garbage is collected rarely, and how often it was before the first of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks = 0
        self._before = (0, 0, 0)

    @contextlib.contextmanager
    def block(self) -> Iterator[None]:
        with self._lock:
            if self._blocks == 0:
                self._before = gc.get_threshold()
                gc.set_threshold(*RARELY)
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if self._blocks == 0:
                    gc.set_threshold(*self._before)


_rarity: Final = _Rarity()


def rare_collections() -> contextlib.AbstractContextManager[None]:
    """Collect garbage rarely until the block ends, and the last of those that others have open in this process.

    It is for loops over many small lists without cycles: looking through those takes a fifth of such a loop's time.
    """
    return _rarity.block()
