"""Excel as a source of quotes."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from app.clock import Clock
from app.collectors.excel.area import Rows, parse_area
from app.collectors.excel.changes import Changes
from app.collectors.excel.file_reader import FileReader
from app.collectors.excel.live_reader import BUSY as IS_BUSY
from app.collectors.excel.live_reader import LiveReader, load_xlwings
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.polling import Patience, SheetPoll
from app.collectors.excel.readers import MakeReader, SheetReader
from app.collectors.excel.recorded_reader import RecordedReader
from app.collectors.excel.sheet import SheetReading, read_sheet
from app.collectors.feeds import BUSY, MISCONFIGURED, STREAMING, FeedState, NextSeq
from app.errors import Rejected
from app.market.market import Market
from app.quotes import Quote

QUIET: Final = timedelta(minutes=1)  # Without any change; a sheet of a closed thinkorswim keeps its last values.


def open_reader(plan: ExcelPlan) -> SheetReader:
    """The reader that the plan asks for, which belongs to the calling thread; SheetMissing where there can be none."""
    if plan.provider == "excel_live":
        return LiveReader(plan, load_xlwings())
    return FileReader(plan) if plan.provider == "excel_file" else RecordedReader(plan)


class ExcelFeed:
    """The quotes of a sheet, read in a thread of its own every `plan.poll_s`.

    A quote is told when a row's last, bid, ask, sizes or volume changed; its time is when the read that found it ended,
    because a sheet tells none. Reading begins with the first step. The feed attaches again by itself whenever Excel is
    lost, and reads on by itself when the sheet is right again. What a run before `told` last is no news.
    """

    def __init__(
        self,
        plan: ExcelPlan,
        next_seq: NextSeq,
        market: Market,
        clock: Clock,
        *,
        told: Sequence[Quote] = (),
        make_reader: MakeReader | None = None,
        patience: Patience | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._area, self._clock, self._market = plan, parse_area(plan.cells), clock, market
        make = make_reader or functools.partial(open_reader, plan)
        self._poll = SheetPoll(make, plan.poll_s, clock, patience or Patience())
        self._inbox, self._monotonic = self._poll.inbox, monotonic
        self._changes = Changes(next_seq, market, told)
        self._reading: SheetReading | None = None
        self._wrong = ""
        self._answered: set[str] = set()
        self._data_at: datetime | None = None
        self._steady_since: datetime | None = None
        self._is_closed = False

    def step(self, now: datetime) -> Sequence[Quote]:
        """The quotes of every changed frame since the last step."""
        if self._is_closed:
            return []
        self._poll.look(self._monotonic())
        quotes = [quote for frame in self._inbox.take() for quote in self._told(frame.rows, frame.at)]
        if self._state() != STREAMING:
            self._steady_since = None
        elif self._steady_since is None:
            self._steady_since = now
        return quotes

    def wait(self, longest_s: float) -> None:
        """Come back when a frame was read that differs from the one before."""
        self._inbox.wait(longest_s)

    def state(self) -> FeedState:
        """How the sheet is read; `figures` count from the start, but for cells that are unread now."""
        reading, state = self._reading, self._state()
        symbols = [row.traded.symbol for row in reading.rows] if reading else []
        return FeedState(
            state,
            self._detail(state),
            steady_since=self._steady_since,
            data_at=self._data_at,
            reconnects=self._inbox.standing.reconnects,
            symbols=symbols,
            silent=[symbol for symbol in symbols if symbol not in self._answered],
            figures=self._figures(),
        )

    def close(self) -> None:
        """End the thread; one that hangs in Excel ends when Excel answers, and is not heard."""
        self._is_closed = True
        self._poll.close()

    def _told(self, rows: Rows, at: datetime) -> Sequence[Quote]:
        try:
            reading = read_sheet(rows, self._area, self._day(at))
        except Rejected as error:
            self._wrong = str(error)
            return []
        self._wrong = ""
        if self._reading is None or _values(reading) != _values(self._reading):
            self._data_at = at
        self._reading = reading
        self._answered |= {row.traded.symbol for row in reading.rows if row.has_price}
        return self._changes.quotes(reading, at)

    def _day(self, at: datetime) -> date:
        return self._market.session_of(at)

    def _state(self) -> str:
        if self._poll.busy_s(self._monotonic()):
            return BUSY
        state = self._inbox.standing.state
        return MISCONFIGURED if state == STREAMING and self._wrong else state

    def _detail(self, state: str) -> str:
        if state == STREAMING:
            return self._quiet()
        if state == BUSY:
            return IS_BUSY if self._plan.provider == "excel_live" else f"{self._plan.file.name} does not answer"
        if state == MISCONFIGURED and self._wrong and self._inbox.standing.state == STREAMING:
            return self._wrong
        return self._inbox.standing.detail

    def _quiet(self) -> str:
        if self._reading is not None and not self._reading.rows:
            return "no row of the sheet names a symbol"
        if self._data_at is None or (still := self._clock.now() - self._data_at) < QUIET:
            return ""
        minutes = int(still.total_seconds() // 60)
        if self._plan.provider == "excel_file":
            return f"nothing was saved that changes a quote for {minutes} min: Excel does not save by itself"
        return f"no cell has changed for {minutes} min: see that thinkorswim runs and is logged in"

    def _figures(self) -> Mapping[str, int | str]:
        told = self._inbox.standing
        figures: dict[str, int | str] = {
            "frames": told.reads,
            "frames_replaced": told.replaced,
            "read_ms": f"{told.read_ms:.1f}",
            "busy_s": int(self._poll.busy_s(self._monotonic())),
            "rows_ignored": len(self._reading.ignored) if self._reading else 0,
            "unread_cells": len(self._reading.unread) if self._reading else 0,
        }
        for cell in self._reading.unread if self._reading else ():
            name = f"unread_{cell.why.reason.replace(' ', '_')}"
            figures[name] = int(figures.get(name, 0)) + 1
        return figures


def _values(reading: SheetReading) -> object:
    return [(row.traded, row.prices, row.sizes) for row in reading.rows]
