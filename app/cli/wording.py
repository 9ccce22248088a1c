"""Numbers as people read them."""

from itertools import pairwise


def counted(count: int, noun: str) -> str:
    """A number with its noun, in the plural where it is one."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def size_text(size_bytes: int) -> str:
    """A size in KB or MB."""
    return f"{size_bytes / 1e3:.1f} KB" if 0 < size_bytes < 100_000 else f"{size_bytes / 1e6:.1f} MB"


def span_text(seconds: int) -> str:
    """A span of time in its two greatest units, such as 5 h 30 min, 2 d or 45 s, rounded down."""
    units = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    for (size, name), (smaller, below) in pairwise(units):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {name}" + (f" {rest} {below}" if rest else "")
    return f"{seconds} s"
