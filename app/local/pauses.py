"""Python's search for garbage, in processes that hand on what is live: it stops all of their threads."""

import atexit
import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator
from threading import Event, Thread
from typing import Final

# Of each generation, how much must come together before it is searched. The whole is what takes long, and finds little.
_THRESHOLDS: Final = (700, 10, 1_000)
_EVERY_S: Final = 60.0


def keep_pauses_short() -> None:
    """Leave what is loaded by now out of every search, and search the whole a hundred times as seldom as usual.

    Cycles that live long enough to be found by a search of the whole alone keep their memory for longer.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    atexit.register(gc.unfreeze)  # The end of a process frees modules, and extensions complain of what they still hold.


def search_by_the_clock(ended: Event, every_s: float = _EVERY_S) -> Thread:
    """Search all that is not left out once a minute, in a thread of its own, until `ended` is set.

    It finds cycles that were passed over while they were young, and gives back the free objects that Python hoards for
    each type until such a search: without one both grow for hours in a process that does little. It stops all threads
    for less than a millisecond where little has come since `keep_pauses_short`, as in a worker, and not where a hundred
    thousand objects have.

    Then glibc gives the machine back what is free in its heaps. By itself it gives back their ends alone, and the hole
    that a reply of some megabytes leaves below something small stays with the process.
    """

    def search() -> None:
        while not ended.wait(every_s):
            gc.collect()
            give_back()

    thread = Thread(target=search, name="garbage", daemon=True)
    thread.start()
    return thread


@contextlib.contextmanager
def steady_memory() -> Iterator[None]:
    """For work of hours within a process: `keep_pauses_short` and `search_by_the_clock` until the block ends."""
    before, ended = gc.get_threshold(), Event()
    keep_pauses_short()
    thread = search_by_the_clock(ended)
    try:
        yield
    finally:
        ended.set()
        thread.join()
        gc.set_threshold(*before)
        gc.unfreeze()


def give_back() -> None:
    """Return the free pages of glibc's heaps to the machine; nothing where the C library is another."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
