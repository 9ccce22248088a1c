"""Commands that work until they are stopped: Ctrl-C, SIGTERM and Windows' Ctrl-Break as an event, so that a loop can
end in order."""

import contextlib
import signal
from collections.abc import Iterator
from threading import Event
from types import FrameType
from typing import Final

import click

from app.local.pauses import steady_memory
from app.metrics.process import taking_part
from app.runtime import runtime

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGBREAK")  # On Windows the last one is what one process can send another.


@contextlib.contextmanager
def stop_on_signals(stop: Event) -> Iterator[None]:
    """Set `stop` on SIGINT, SIGTERM or SIGBREAK while the block runs; a second signal ends the process as usual."""

    def stopping(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    numbers = [signal.Signals[name] for name in _NAMES if name in signal.Signals.__members__]
    before = {number: signal.signal(number, stopping) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def at_work(stop: Event) -> Iterator[None]:
    """As `stop_on_signals`, for a command that works for long: what it counts is shown by /metrics under its name."""
    name = click.get_current_context().info_name or ""
    metrics_dir = runtime().settings.metrics_dir
    with stop_on_signals(stop), taking_part(metrics_dir, name), steady_memory():
        yield
