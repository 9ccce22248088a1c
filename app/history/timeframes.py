"""How long bars are: those that the lake keeps, and longer ones that are put together of them when they are asked for.

A longer bar holds whole bars of a stored timeframe, counted from the session's open as those are. What the lake keeps
is `app.lake.layout.TIMEFRAMES`; this is light to import.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from app.errors import Rejected
from app.lake.layout import TIMEFRAMES

# No session is as long as a day, so that its one daily bar is cut at its close.
_LONGER: Final = {"15m": (900, "5m"), "30m": (1800, "5m"), "4h": (14_400, "1h"), "1d": (86_400, "1h")}
_SECONDS: Final = {**TIMEFRAMES, **{name: seconds for name, (seconds, _) in _LONGER.items()}}
LENGTHS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {name: timedelta(seconds=_SECONDS[name]) for name in sorted(_SECONDS, key=_SECONDS.__getitem__)}
)


def stored_timeframe(name: str) -> str:
    """The timeframe of the lake's files of which bars are made: its own where the lake keeps it."""
    return _LONGER[name][1] if name in _LONGER else name


def known_timeframe(text: str) -> str:
    """`text` as the name of a timeframe that can be asked for; Rejected when there is none of that name."""
    if text not in LENGTHS:
        raise Rejected(f"{text[:20]!r} is not a timeframe: known are {', '.join(LENGTHS)}")
    return text
