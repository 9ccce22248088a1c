"""Numbers as people read them."""


def counted(count: int, noun: str) -> str:
    """A number with its noun, in the plural where it is one."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def size_text(size_bytes: int) -> str:
    """A size in KB or MB."""
    return f"{size_bytes / 1e3:.1f} KB" if 0 < size_bytes < 100_000 else f"{size_bytes / 1e6:.1f} MB"
