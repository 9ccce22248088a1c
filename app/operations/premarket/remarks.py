"""What is amiss with a stage of the ladder: sentences, and how much each of them hurts."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

# Where a stage's detail keeps the gravity of its reasons; one without is about data.
GRAVITY: Final = "gravity"
# Where that of the report keeps the stage whose analysis it is made of.
RESTS_ON: Final = "rests_on"


class Gravity(IntEnum):
    """What a remark is about; the lower, the more it hurts.

    INPUT is what an analysis itself says of the data that it read, which a later analysis says anew.
    """

    NO_REPORT = 0
    DOUBTFUL = 1
    FAILED = 2
    SECOND_BEST = 3
    CACHE = 4
    LEFT_OUT = 5
    MODEL = 6
    DATA = 7
    INPUT = 8
    LATE = 9


class Remark(NamedTuple):
    """A sentence for a person, and what it is about."""

    gravity: Gravity
    text: str


def together(about: Iterable[tuple[str, Remark]]) -> list[Remark]:
    """Remarks about symbols, those that say the same of several put together: "ES, NQ: …"."""
    symbols: dict[Remark, list[str]] = {}
    for symbol, remark in about:
        symbols.setdefault(remark, []).append(symbol)
    return [Remark(gravity, f"{', '.join(named)}: {text}") for (gravity, text), named in symbols.items()]


def left_out_lines(left_out: Mapping[str, str]) -> list[str]:
    """Which symbols are left out and why, a line for each reason: "ES, NQ are left out: …"."""
    named: dict[str, list[str]] = {}
    for symbol, why in left_out.items():
        named.setdefault(why, []).append(symbol)
    verb = {True: "is", False: "are"}
    return [f"{', '.join(some)} {verb[len(some) == 1]} left out: {why}" for why, some in named.items()]


def in_order(remarks: Iterable[Remark]) -> list[Remark]:
    """Each sentence once, what hurts most first, else as they came."""
    gravest: dict[str, Gravity] = {}
    for gravity, text in remarks:
        gravest[text] = min(gravity, gravest.get(text, gravity))
    return sorted((Remark(gravity, text) for text, gravity in gravest.items()), key=lambda one: one.gravity)


def remarks_of(reasons: Sequence[str], detail: Mapping[str, Any]) -> list[Remark]:
    """The remarks that a stage's row keeps."""
    known: Mapping[str, int] = detail.get(GRAVITY, {})
    return [Remark(Gravity(known.get(text, Gravity.DATA)), text) for text in reasons]


def gravities(remarks: Iterable[Remark]) -> dict[str, int]:
    """The gravity of each sentence, as a stage's detail keeps it."""
    return {text: int(gravity) for gravity, text in remarks}
