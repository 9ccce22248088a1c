"""Who waits for whom: the order in which a group starts, and the reverse in which it stops."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol


class Ordered(Protocol):
    """Something with a name that comes after others."""

    @property
    def name(self) -> str:
        """Its name, unique in the group."""

    @property
    def after(self) -> tuple[str, ...]:
        """The names of those that it needs."""


def check_order(items: Sequence[Ordered]) -> None:
    """ValueError when two items share a name, or one needs something that does not stand before it."""
    known: set[str] = set()
    for item in items:
        if item.name in known:
            raise ValueError(f"two items have the name {item.name}")
        if missing := sorted(set(item.after) - known):
            raise ValueError(f"{item.name} comes after {', '.join(missing)}, which must stand before it")
        known.add(item.name)


def next_to_stop(left: Collection[str], after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Those of the names left that no other of them needs, directly or through others."""
    return [name for name in left if not any(_needs(other, name, after) for other in left)]


def _needs(name: str, other: str, after: Mapping[str, tuple[str, ...]]) -> bool:
    return any(before == other or _needs(before, other, after) for before in after[name])
