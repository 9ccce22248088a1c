"""A thread of its own for the database: a database that hangs holds up neither the lease nor the end of the process."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread

_Work = tuple["Future[None]", Callable[[], None]]


class WriterThread:
    """Makes calls one after another, in the order in which they were submitted."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._closed = False
        # A daemon, because the interpreter waits for every other thread, however long that hangs.
        self._thread = Thread(target=self._work, name="tick-writer", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], None]) -> "Future[None]":
        """Have the call made; the future tells when it is done, and its exception."""
        future: Future[None] = Future()
        self._queue.put((future, call))
        return future

    def close(self, patience_s: float) -> bool:
        """Make no further calls; False when the present one is not done after `patience_s`, and is left to itself."""
        self._closed = True
        self._queue.put(None)
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            future, call = work
            if self._closed:
                future.cancel()
                continue
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
