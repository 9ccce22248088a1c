"""One null or planted test: how often something is found, and how often it may be."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Observed:
    """What was seen, in words with its figures, and whether that is within the bounds."""

    text: str
    passed: bool


@dataclass(frozen=True)
class NullCheck:
    """`run(runs)` simulates that many paths from fixed seeds; `full` is for `make nulls`, `quick` for every test."""

    name: str
    what: str
    accept: str
    run: Callable[[int], Observed]
    full: int
    quick: int
