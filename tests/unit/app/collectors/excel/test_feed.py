import contextlib
import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from app.collectors.excel.feed import ExcelFeed, open_reader
from app.collectors.excel.file_reader import FileReader
from app.collectors.excel.live_reader import BUSY as IS_BUSY
from app.collectors.excel.live_reader import LiveReader
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.polling import Patience
from app.collectors.excel.readers import SheetMissing
from app.collectors.excel.recorded_reader import RecordedReader
from app.collectors.feeds import BUSY, CONNECTING, LOST, MISCONFIGURED, STREAMING
from app.market.markets import market
from tests.excel import Xlwings, editing, rejected
from tests.fakes import FixedClock
from tests.sheets import CLOSED, ES, HEADERS, ZB, loading, row, save_workbook, sheet
from tests.waiting import until

AT = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
PATH = Path("/desk/Futures.xlsm")
LIVE = ExcelPlan("excel_live", PATH, poll_s=0.005)
QUICK = Patience(busy_after_s=3.0, retry_first_s=0.01, retry_longest_s=0.05, close_s=10.0)


def test_every_change_of_the_sheet_is_a_quote_with_its_own_number(excels, follow):
    excel = excels.start(sheet(ES, ZB), str(PATH))
    feed = follow(excels)

    assert [(quote.symbol, quote.seq, quote.ts) for quote in feed.next()] == [("ES", 1, AT), ("ZB", 2, AT)]

    excel.cells = sheet(row(last=6880.0, volume=812350.0), ZB)
    [quote] = feed.next()
    assert (quote.symbol, quote.seq, quote.last, quote.trade) == ("ES", 3, Decimal("6880.00"), True)
    assert (quote.source, quote.ts_origin, quote.recv_ts) == ("EXCEL", "local", AT)


def test_a_feed_that_streams_says_so(excels, follow, clock):
    excels.start(sheet(ES, CLOSED, row(ZB, bid="loading"), row(symbol="!!")), str(PATH))
    feed = follow(excels)
    assert feed.state().state == CONNECTING
    feed.next()

    told = feed.state()

    assert (told.state, told.detail, told.steady_since, told.data_at) == (STREAMING, "", AT, AT)
    assert (told.symbols, told.silent, told.reconnects) == (["ES", "CL", "ZB"], ["CL"], 0)
    assert told.figures["frames"] >= 1
    assert {name: told.figures[name] for name in ("unread_cells", "unread_waiting", "rows_ignored", "busy_s")} == {
        "unread_cells": 13,
        "unread_waiting": 13,
        "rows_ignored": 1,
        "busy_s": 0,
    }


def test_old_values_of_a_closed_thinkorswim_are_not_told_until_they_change(excels, follow, clock):
    excel = excels.start(sheet(ES, ZB), str(PATH))
    feed = follow(excels, reader=LiveReader)
    feed.begin()
    assert "no cell has changed yet" in feed.state().detail

    clock.advance(timedelta(minutes=5, seconds=30))
    feed.settle()

    assert feed.step() == []
    told = feed.state()
    assert (told.state, told.data_at, told.silent) == (STREAMING, None, ["ES", "ZB"])
    assert told.detail == "no cell has changed for 5 min: see that thinkorswim runs and is logged in"

    excel.cells = sheet(row(bid=6879.0), ZB)
    assert [quote.symbol for quote in feed.next()] == ["ES"]
    assert (feed.state().silent, feed.state().detail) == (["ZB"], "")


def test_a_workbook_that_was_opened_again_shows_what_it_once_saved_and_that_is_not_told(excels, follow):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels, require_open=True, reader=LiveReader)
    feed.begin()
    excel.cells = sheet(row(last=6880.0))
    feed.next()

    excels.quit(excel)
    feed.quietly(lambda: feed.state().state == LOST)
    again = excels.start(sheet(row(last=6500.0)), str(PATH))
    feed.quietly(lambda: feed.state().reconnects == 1)
    feed.settle()
    assert feed.step() == []

    again.cells = sheet(row(last=6881.0))
    assert [quote.last for quote in feed.next()] == [Decimal("6881")]


def test_columns_that_come_and_go_make_no_old_value_new(excels, follow):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels, reader=LiveReader)
    feed.begin()

    excel.cells = [cells[:-6] for cells in sheet(ES)]
    feed.settle()

    assert feed.step() == []


def test_a_file_that_could_not_be_read_for_a_while_is_told_as_it_was_saved_since(tmp_path, follow):
    path = tmp_path / "Futures.xlsx"
    save_workbook(path, HEADERS, ES)
    feed = follow(plan=ExcelPlan("excel_file", path, poll_s=0.005))
    feed.begin()

    path.unlink()
    until(lambda: feed.step() == [] and feed.state().state == MISCONFIGURED)
    save_workbook(path, HEADERS, row(last=6880.0))

    assert [quote.last for quote in feed.next()] == [Decimal("6880")]


def test_a_cell_that_makes_no_event_is_data_all_the_same(excels, follow, clock):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels)
    feed.next()
    clock.advance(timedelta(minutes=5))

    excel.cells = sheet(row(high=6900.0))
    until(lambda: feed.step() == [] and feed.state().data_at == AT + timedelta(minutes=5))

    assert feed.state().detail == ""


@pytest.mark.parametrize("trouble", [rejected, editing])
def test_a_busy_excel_is_told_and_what_changed_meanwhile_comes_after(excels, follow, trouble):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels)
    feed.next()

    excel.trouble = trouble
    until(lambda: feed.step() == [] and feed.state().state == BUSY)
    assert (feed.state().detail, feed.state().steady_since) == (IS_BUSY, None)

    excel.cells, excel.trouble = sheet(row(last=6880.0)), None
    assert [quote.last for quote in feed.next()] == [Decimal("6880")]
    assert (feed.state().state, feed.state().reconnects) == (STREAMING, 0)


def test_an_excel_that_was_closed_and_opened_again_is_attached_to_and_nothing_is_told_twice(excels, follow):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels, require_open=True)
    feed.next()

    excels.quit(excel)
    until(lambda: feed.step() == [] and "not open in Excel: open it" in feed.state().detail)
    assert feed.state().state == LOST

    excels.start(sheet(ES, ZB), str(PATH))
    assert [(quote.symbol, quote.seq) for quote in feed.next()] == [("ZB", 2)]
    assert (feed.state().state, feed.state().reconnects) == (STREAMING, 1)


def test_a_workbook_that_is_closed_in_an_excel_that_goes_on_is_read_again_when_it_is_open(excels, follow):
    excel = excels.start(sheet(ES), str(PATH), "Other.xlsx")
    feed = follow(excels, require_open=True)
    feed.next()

    book = excel.open.pop(0)
    until(lambda: feed.step() == [] and "not open in Excel: open it" in feed.state().detail)
    assert feed.state().state == LOST

    excel.add(book.fullname)
    excel.cells = sheet(ES, ZB)
    assert [(quote.symbol, quote.seq) for quote in feed.next()] == [("ZB", 2)]
    assert (feed.state().state, feed.state().reconnects) == (STREAMING, 1)


def test_a_read_that_hangs_holds_nothing_up_and_is_given_up(excels, follow, seconds):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels)
    feed.next()
    release = threading.Event()
    excel.hangs = release
    until(lambda: not feed.moves())

    seconds.ahead += 4
    assert feed.step() == []
    assert (feed.state().state, feed.state().detail) == (BUSY, IS_BUSY)
    assert feed.state().figures["busy_s"] in range(4, 8)

    excel.cells, excel.hangs = sheet(row(last=6880.0)), None
    seconds.ahead += 30
    assert [quote.last for quote in feed.next()] == [Decimal("6880")]
    assert (feed.state().state, feed.state().reconnects) == (STREAMING, 1)
    release.set()


def test_headers_that_change_stop_everything_until_they_are_right_again(excels, follow):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels)
    feed.next()

    excel.cells = sheet(row(last=1.0), headers=["Note", *HEADERS[1:]])
    until(lambda: feed.step() == [] and feed.state().state == MISCONFIGURED)
    assert "no header is Symbol" in feed.state().detail
    assert feed.state().steady_since is None

    excel.cells = sheet(row(last=6880.0))
    assert [quote.last for quote in feed.next()] == [Decimal("6880")]
    assert (feed.state().state, feed.state().detail) == (STREAMING, "")


def test_columns_that_change_places_while_it_runs_stay_what_they_are(excels, follow):
    excel = excels.start(sheet(ES), str(PATH))
    feed = follow(excels)
    feed.next()

    excel.cells = [cells[::-1] for cells in sheet(ES)]
    feed.settle()
    assert feed.step() == []
    excel.cells = [cells[::-1] for cells in sheet(row(bid=6879.0))]

    assert [(quote.last, quote.bid) for quote in feed.next()] == [(Decimal("6879.5"), Decimal("6879"))]


def test_a_sheet_that_is_not_there_is_a_matter_for_a_person_and_is_found_when_it_is(excels, follow):
    book = excels.start(sheet(ES)).add(str(PATH), "Quotes")
    feed = follow(excels)

    until(lambda: feed.step() == [] and feed.state().state == MISCONFIGURED)
    assert "has no sheet Futures: EXCEL_SHEET_NAME may be Quotes" in feed.state().detail

    book._sheets = ("Quotes", "Futures")
    assert [quote.symbol for quote in feed.next()] == ["ES"]


def test_a_sheet_without_symbols_says_so(excels, follow):
    excels.start(sheet(), str(PATH))
    feed = follow(excels)

    until(lambda: feed.step() == [] and feed.state().detail)

    assert feed.state().detail == "no row of the sheet names a symbol"


def test_frames_that_nobody_took_are_all_told_in_order(excels, follow):
    excel = excels.start(sheet(row(last=1.0)), str(PATH))
    feed = follow(excels)
    assert len(feed.next()) == 1
    for last in range(2, 30):
        excel.cells = sheet(row(last=float(last)))
        feed.settle()

    quotes = feed.step()

    assert [quote.last for quote in quotes] == list(map(Decimal, range(2, 30)))
    assert [quote.seq for quote in quotes] == list(range(2, 30))
    assert feed.state().figures["frames_replaced"] == 0


def test_a_closed_feed_gives_nothing_and_leaves_no_thread(excels, follow):
    excels.start(sheet(ES), str(PATH))
    before = threading.active_count()
    feed = follow(excels)
    feed.next()

    feed.close()

    assert feed.step() == []
    assert threading.active_count() == before


def test_recorded_frames_are_played(tmp_path, follow):
    path = tmp_path / "frames.jsonl"
    path.write_text("\n".join(json.dumps({"at": n / 50, "rows": sheet(row(last=float(n)))}) for n in range(4)))
    feed = follow(plan=ExcelPlan("excel_recorded", path, poll_s=0.002))

    quotes = []
    until(lambda: quotes.extend(feed.step()) or len(quotes) == 3)

    assert [quote.last for quote in quotes] == [1, 2, 3]


def test_a_saved_workbook_is_read_and_what_nobody_saves_is_told(tmp_path, follow, clock):
    path = tmp_path / "Futures.xlsx"
    save_workbook(path, HEADERS, ES)
    feed = follow(plan=ExcelPlan("excel_file", path, poll_s=0.005))
    feed.begin()
    save_workbook(path, HEADERS, row(last=6880.0))
    assert [quote.last for quote in feed.next()] == [Decimal("6880")]

    clock.advance(timedelta(minutes=2))

    assert feed.state().detail.endswith("for 2 min: Excel does not save by itself")


@pytest.mark.parametrize(
    ("provider", "name", "kind"), [("excel_file", "a.xlsx", FileReader), ("excel_recorded", "a.jsonl", RecordedReader)]
)
def test_the_plan_says_which_reader_it_is(tmp_path, provider, name, kind):
    assert isinstance(open_reader(ExcelPlan(provider, tmp_path / name)), kind)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there may be an Excel")
def test_a_live_sheet_where_there_can_be_no_excel_is_a_matter_for_a_person(follow):
    with pytest.raises(SheetMissing):
        open_reader(LIVE)
    feed = follow(plan=LIVE)

    until(lambda: feed.step() == [] and feed.state().state == MISCONFIGURED)

    assert "DATA_PROVIDER=excel_file" in feed.state().detail


class Awakening(LiveReader):
    """Finds the workbook before thinkorswim has answered, and then as it is."""

    woke = False

    def read(self):
        rows = super().read()
        if self.woke:
            return rows
        self.woke = True
        return loading(rows)


class Seconds:
    """The clock of seconds, which tests may put ahead."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.monotonic() + self.ahead


class Followed:
    def __init__(self, feed, clock):
        self._feed, self._clock = feed, clock
        self._seen = -1
        self.state, self.close = feed.state, feed.close

    def step(self):
        return list(self._feed.step(self._clock.now()))

    def next(self):
        found = []
        until(lambda: found.extend(self.step()) or found)
        return found

    def begin(self):
        """Take what is there at first, of which nothing is told."""
        self.quietly(lambda: self.state().state == STREAMING)

    def quietly(self, condition):
        """Step until the condition holds, and see that nothing is told meanwhile."""
        found = []
        until(lambda: found.extend(self.step()) or condition())
        assert found == []

    def reads(self):
        return self._feed.state().figures["frames"]

    def settle(self):
        """Wait for a read that began after this."""
        before = self.reads()
        until(lambda: self.reads() > before + 1)

    def moves(self):
        before, self._seen = self._seen, self.reads()
        return before != self._seen


@pytest.fixture
def clock():
    return FixedClock(AT)


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def excels():
    return Xlwings()


@pytest.fixture
def follow(clock, seconds):
    with contextlib.ExitStack() as running:

        def begin(excels=None, plan=None, *, require_open=False, reader=Awakening):
            numbers = count(1)
            found = plan or ExcelPlan("excel_live", PATH, require_open=require_open, poll_s=LIVE.poll_s)
            feed = ExcelFeed(
                found,
                lambda: next(numbers),
                market(),
                clock,
                make_reader=(lambda: reader(found, excels)) if excels else None,
                patience=QUICK,
                monotonic=seconds,
            )
            running.callback(feed.close)
            return Followed(feed, clock)

        yield begin
