"""Python's search for garbage, in processes that hand on what is live: it stops all of their threads."""

import gc
from typing import Final

# Of each generation, how much must come together before it is searched. The whole is what takes long, and finds little.
_THRESHOLDS: Final = (700, 10, 1_000)


def keep_pauses_short() -> None:
    """Leave what is loaded by now out of every search, and search the whole a hundred times as seldom as usual.

    Cycles that live long enough to be found by a search of the whole alone keep their memory for longer.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
