"""A worker that computes lets all others go before it: its module connects `lower` to the start of its processes."""

from typing import Any

from app.local.background import go_to_background


def lower(**_signal: Any) -> None:
    """Send this process, the child of a prefork worker, to the background."""
    go_to_background()
