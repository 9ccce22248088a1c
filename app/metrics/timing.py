"""Counting how long a piece of work took, and how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.metrics.families import Counted
from app.metrics.recording import observe

_OUTCOMES: Final = ((Rejected, "refused"), (NotFound, "refused"), (Conflict, "refused"), (Unavailable, "unavailable"))


@contextmanager
def timed(family: Counted, *labels: str) -> Iterator[None]:
    """Count the block in a histogram whose last label is its outcome: done, refused, unavailable or failed."""
    began_s, outcome = perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    except Exception as error:
        outcome = next((word for kind, word in _OUTCOMES if isinstance(error, kind)), "failed")
        raise
    finally:
        observe(family, perf_counter() - began_s, *labels, outcome)
