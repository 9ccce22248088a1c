"""Several symbols at a time where the machine has the cores for it."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

# Each takes three connections of the pool and some 60 MB.
MOST_AT_ONCE: Final = 4
T = TypeVar("T")
R = TypeVar("R")


def symbols_at_once(cores: int | None = None) -> int:
    """How many symbols to export at a time on so many cores, by default the machine's.

    PostgreSQL and Arrow keep two cores busy with one symbol, so a second one comes with the fourth core.
    """
    return max(1, min(MOST_AT_ONCE, (cores or os.cpu_count() or 1) // 2))


def in_order(work: Callable[[T], R], items: Sequence[T], at_once: int) -> Iterator[R]:
    """What `work` makes of each item, in the order of the items, `at_once` of them under way at a time.

    No more are begun than results are taken. When one fails, or the caller asks no more, those under way end first and
    no other is begun.
    """
    if at_once == 1 or len(items) < 2:
        yield from map(work, items)
        return
    under_way: deque[Future[R]] = deque()
    with ThreadPoolExecutor(at_once, thread_name_prefix="export") as pool:
        for item in items:
            under_way.append(pool.submit(copy_context().run, work, item))
            if len(under_way) == at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
