"""Reading a sheet at a steady pace, in a thread of its own that may hang without hanging anything else."""

import contextlib
import functools
import logging
import math
import time
from contextvars import copy_context
from dataclasses import dataclass
from threading import Event, Thread

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from app.clock import Clock
from app.collectors.excel.inbox import Frame, Inbox
from app.collectors.excel.readers import ExcelBusy, ExcelLost, MakeReader, SheetMissing, SheetReader
from app.collectors.feeds import BUSY, LOST, MISCONFIGURED
from app.errors import ThorError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long a read may take before Excel is told as busy, and before its thread is given up for another.

    No more than `hung_threads` are ever given up at a time. Attaching is tried again after random waits, whose
    longest doubles from `retry_first_s` to `retry_longest_s`.
    """

    busy_after_s: float = 3.0
    give_up_after_s: float = 30.0
    hung_threads: int = 3
    retry_first_s: float = 0.5
    retry_longest_s: float = 8.0
    close_s: float = 2.0


class ReadingThread:
    """Makes a reader, reads with it every `every_s`, and makes another when what it reads from is lost.

    A read that takes longer skips beats: there is never more than one, and none is caught up. All that it finds goes to
    the inbox, as long as that belongs to it.
    """

    def __init__(self, make: MakeReader, inbox: Inbox, every_s: float, clock: Clock, patience: Patience) -> None:
        self._make, self._inbox, self._every_s, self._clock = make, inbox, every_s, clock
        self._patience = patience
        self._stop = Event()
        first_s, longest_s = patience.retry_first_s, patience.retry_longest_s
        self._retrying = Retrying(
            retry=retry_if_exception_type((ExcelBusy, ExcelLost, SheetMissing)),
            wait=wait_random_exponential(first_s, longest_s, min=first_s / 2),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            before_sleep=self._tell_failed,
            reraise=True,
        )
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="excel-reader", daemon=True)

    def start(self) -> None:
        """Begin; the inbox belongs to this thread from now on."""
        self._inbox.change_owner(self)
        self._thread.start()

    def stop(self) -> None:
        """Have it end after the read that is under way, whose result nobody wants."""
        self._stop.set()

    def join(self, longest_s: float) -> None:
        """Wait for its end."""
        self._thread.join(longest_s)

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with contextlib.closing(self._retrying(self._opened)) as reader:
                    self._read_on(reader)
            except (ExcelBusy, ExcelLost, SheetMissing):
                return  # It was stopped while it tried.
            except Exception:
                log.exception("reading the sheet failed")
                self._tell(ExcelLost("reading the sheet failed for a reason that only the log tells; trying again"))
                self._stop.wait(self._patience.retry_longest_s)

    def _opened(self) -> SheetReader:
        self._inbox.begin(self, time.monotonic())  # To attach may take for ever, too.
        reader = self._make()
        try:
            self._read(reader)
        except BaseException:
            reader.close()
            raise
        return reader

    def _read_on(self, reader: SheetReader) -> None:
        due = time.monotonic()
        while True:
            due = next_beat(due, time.monotonic(), self._every_s)
            if self._stop.wait(due - time.monotonic()):
                return
            try:
                self._read(reader)
            except ExcelBusy as busy:
                self._tell(busy)
            except (ExcelLost, SheetMissing) as lost:
                self._tell(lost)
                return

    def _read(self, reader: SheetReader) -> None:
        began = time.monotonic()
        self._inbox.begin(self, began)
        rows = reader.read()
        self._inbox.put(self, Frame(self._clock.now(), rows), time.monotonic() - began)

    def _tell_failed(self, attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if isinstance(error, ThorError):
            self._tell(error)

    def _tell(self, error: ThorError) -> None:
        state = BUSY if isinstance(error, ExcelBusy) else MISCONFIGURED if isinstance(error, SheetMissing) else LOST
        if self._inbox.tell(self, state, str(error), time.monotonic()):
            log.warning("the sheet is not read: %s", error)


def next_beat(due: float, now: float, every_s: float) -> float:
    """The first beat after the one that was `due` which is not past."""
    return due + every_s * max(1, math.ceil((now - due) / every_s))


class SheetPoll:
    """A sheet that is read again and again, by another thread when one hangs.

    Use it from one thread. `inbox` has what was read, and how reading stands.
    """

    def __init__(self, make: MakeReader, every_s: float, clock: Clock, patience: Patience) -> None:
        self.inbox = Inbox()
        self._patience = patience
        self._new_thread = functools.partial(ReadingThread, make, self.inbox, every_s, clock, patience)
        self._thread: ReadingThread | None = None
        self._hung: list[ReadingThread] = []

    def look(self, now_s: float) -> None:
        """Begin; later, give up a thread that hangs, and let another attach anew."""
        self._hung = [thread for thread in self._hung if thread.is_alive()]
        if self._thread is not None:
            since = self.inbox.standing.reading_since
            is_hung = since is not None and now_s - since > self._patience.give_up_after_s
            if not is_hung or len(self._hung) >= self._patience.hung_threads:
                return
            log.warning("a read has not come back for %.0f s: attaching anew", self._patience.give_up_after_s)
            self._thread.stop()
            self._hung.append(self._thread)
        self._thread = self._new_thread()
        self._thread.start()

    def busy_s(self, now_s: float) -> float:
        """For how long Excel has been busy, refusing reads or holding one up; 0 where it is not."""
        told = self.inbox.standing
        busy_since, reading_since = told.busy_since, told.reading_since  # The other thread may change them at any time.
        if busy_since is not None:
            return now_s - busy_since
        waited = now_s - reading_since if reading_since is not None else 0.0
        return waited if waited > self._patience.busy_after_s else 0.0

    def close(self) -> None:
        """End reading; a thread that hangs is left to end when it wakes up."""
        if self._thread is not None:
            self._thread.stop()
            self.inbox.change_owner(None)
            self._thread.join(self._patience.close_s)
